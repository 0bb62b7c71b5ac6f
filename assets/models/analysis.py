"""The frame of every analysis: which bar it could see, when it was made, and whether live."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models.fields import TimeframeField
from cryptopredict.common import schema


class Origin(models.TextChoices):
    """Live: made within one bar of its close. Replay: made later, with no more than was known then."""

    LIVE = "live", _("Live")
    REPLAY = "replay", _("Replay")


class Analysis(models.Model):
    """Append-only. `as_of` is the close of the last bar it could see: the API's `analysis_time`."""

    timeframe = TimeframeField()
    as_of = models.DateTimeField()
    origin = models.CharField(max_length=10, choices=Origin)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        constraints = [schema.one_of("origin", Origin)]
        triggers = schema.append_only()
