"""Keys for programs: only their hash is stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from cryptopredict.common import schema


class ApiToken(models.Model):
    """A named, expiring, revocable key, sent as `Authorization: Token ...`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token")
    prefix = models.CharField(max_length=12, editable=False, help_text="its first characters, to know it by")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [schema.unique("user", "name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
