"""The frame of every analysis: which bar it could see, when it was made, and whether live."""

from __future__ import annotations

from collections.abc import Iterable

import pgtrigger
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.engine.timeframe import Timeframe
from assets.models.fields import TimeframeField
from cryptopredict.common import schema


class Origin(models.TextChoices):
    """Live: made within one bar of its close. Replay: made later, with no more than was known then."""

    LIVE = "live", _("Live")
    REPLAY = "replay", _("Replay")


def record_triggers(fill_once: Iterable[str] = (), free: Iterable[str] = ()) -> list[pgtrigger.Trigger]:
    """Append-only, and stamped by the database: no writer can backdate a record or call a replay live."""
    lengths = " ".join(f"WHEN {timeframe.code} THEN {_minutes(timeframe)}" for timeframe in Timeframe)
    stamp = pgtrigger.Trigger(
        name="stamp",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=(
            "NEW.created_at = NOW(); "
            f"NEW.origin = CASE WHEN NOW() <= NEW.as_of + (CASE NEW.timeframe {lengths} END) "
            "* INTERVAL '1 minute' THEN 'live' ELSE 'replay' END; RETURN NEW;"
        ),
    )
    return [*schema.append_only(fill_once, free), stamp]


def _minutes(timeframe: Timeframe) -> int:
    return 44_640 if timeframe is Timeframe.MONTH else int(timeframe.delta.total_seconds() // 60)


class Analysis(models.Model):
    """Append-only. `as_of` is the close of the last bar it could see: the API's `analysis_time`."""

    timeframe = TimeframeField()
    as_of = models.DateTimeField()
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.REPLAY, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        constraints = [schema.one_of("origin", Origin)]
        triggers = record_triggers()
