"""What was answered to a request that may be repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from cryptopredict.common import schema


class IdempotentAnswer(models.Model):
    """The answer to one request of one person under the key that they chose; written once, with the work."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="idempotent_answers"
    )
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [schema.unique("user", "key")]
        indexes = [models.Index(fields=["created_at"], name="accounts_idempotent_created")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key}"
