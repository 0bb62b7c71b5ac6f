"""Every change that a person made, as it was and as it became; written by the database itself."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import schema


class Operation(models.TextChoices):
    INSERT = "insert", _("Added")
    UPDATE = "update", _("Changed")
    DELETE = "delete", _("Deleted")


class AuditEntry(models.Model):
    """One row of an audited table that one request of one person changed, append-only.

    Triggers write it, in the transaction of the change: neither can be without the other. `before` and
    `after` hold what differs (all of it where a row was added or deleted); secrets are replaced by a dot.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # a record outlives the account that it tells of
        related_name="+",
    )
    at = models.DateTimeField(db_default=Now(), editable=False)
    table_name = models.CharField(max_length=63)
    object_id = models.CharField(max_length=64)
    operation = models.CharField(max_length=10, choices=Operation)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    place = models.CharField(max_length=200, blank=True, help_text="the address that the request went to")

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints = [schema.one_of("operation", Operation)]
        indexes = [
            models.Index(models.F("at").desc(), name="accounts_audit_latest"),
            models.Index("table_name", "object_id", models.F("at").desc(), name="accounts_audit_object"),
            models.Index("user", models.F("at").desc(), name="accounts_audit_user"),
        ]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.table_name} {self.object_id} {self.operation}"
