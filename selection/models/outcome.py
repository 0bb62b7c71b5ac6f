"""What a close's scores were worth, once their time had come."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from assets.models import Origin, TimeframeField
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet


class ScoreOutcome(models.Model):
    """Rank correlation of the scores of one close with the returns that followed, beside a naive rule's.

    One row a close, horizon and origin of the scores, written once when the horizon's last bar has closed;
    `coins` had both a score and a return. `rival_ic` is that of last month's return.
    """

    timeframe = TimeframeField()
    as_of = models.DateTimeField(help_text="the close that was scored")
    horizon_days = models.PositiveIntegerField()
    origin = models.CharField(max_length=10, choices=Origin, help_text="of the scores")
    ic = models.FloatField()
    rival_ic = models.FloatField(null=True, blank=True)
    coins = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            schema.unique("timeframe", "horizon_days", "origin", "as_of"),
            schema.one_of("origin", Origin),
            schema.within("ic", -1, 1),
            schema.within("rival_ic", -1, 1),
        ]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d} {self.horizon_days}d {self.ic:+.3f}"
