"""Backtests: asked for, under way, done. The run itself looks at all layers and lives in the wiring."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams
from assets.services.locks import BACKTEST, held
from trading.engine import Costs, Params, lookback
from trading.engine.backtest import varied
from trading.models import Backtest, BacktestStatus

TASK = "cryptopredict.backtests.run_backtest"
MOST_VARIANTS = 200
LOST_AFTER = timedelta(minutes=5)
EARLIEST, LATEST = datetime(2009, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
MOST_COST = 0.1
MOST_COINS = 2_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try: costs as shares of a fill, coins of the universe, least confidence, the sweep's grid."""

    fees: float = Costs().fee
    slippage: float = Costs().slippage
    universe: int = UniverseParams().size
    least_confidence: float = 0.0
    sweep: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def params(self) -> Params:
        """The layer's numbers without variation."""
        return Params(
            costs=Costs(self.fees, self.slippage),
            universe=replace(UniverseParams(), size=self.universe),
            least_confidence=self.least_confidence,
        )

    def variants(self) -> list[dict[str, float]]:
        """Every combination of the grid; one empty one without a sweep."""
        names = list(self.sweep)
        return [dict(zip(names, each, strict=True)) for each in itertools.product(*self.sweep.values())]

    def as_json(self) -> dict[str, Any]:
        """As the table keeps it."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "sweep": {name: list(values) for name, values in self.sweep.items()}
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Plan:
        """Inverse of `as_json`."""
        return cls(**{f.name: kept[f.name] for f in fields(cls) if f.name in kept})


@transaction.atomic
def ask(
    *,
    timeframe: Timeframe,
    since: datetime,
    until: datetime,
    plan: Plan,
    user: User | None = None,
    queue: bool = True,
) -> Backtest:
    """Put a backtest over closes `since` to `until` on record; with `queue` a worker begins after the commit.

    Raises ValidationError that names the field, and how to mend it.
    """
    mend()
    errors = _faults(plan)
    first, last = _span(timeframe, since, until, errors)
    if errors:
        raise ValidationError(errors)
    row = Backtest.objects.create(
        requested_by=user, timeframe=timeframe, since=first, until=last, parameters=plan.as_json()
    )
    if queue:
        transaction.on_commit(lambda: current_app.send_task(TASK, [row.pk]), robust=True)
    return row


def waiting() -> list[int]:
    """Backtests that no worker has begun within `LOST_AFTER`, oldest first: their message may be lost."""
    lost = Backtest.objects.filter(status=BacktestStatus.QUEUED, created_at__lt=Now() - LOST_AFTER)
    return list(lost.order_by("created_at", "pk").values_list("pk", flat=True))


@contextmanager
def begun(backtest: Backtest) -> Iterator[bool]:
    """Mark it as running for the block; yields False where another worker has it or it is done.

    Meanwhile a lock is held that goes with a killed process, so that `mend` can tell.
    """
    with held(BACKTEST, _member(backtest.pk)) as free:
        waiting = Backtest.objects.filter(pk=backtest.pk, status=BacktestStatus.QUEUED)
        yield free and bool(waiting.update(status=BacktestStatus.RUNNING))


def mend() -> int:
    """Mark every backtest failed that says it runs and that no living process holds; returns how many."""
    lost = 0
    for backtest in Backtest.objects.filter(status=BacktestStatus.RUNNING).only("pk"):
        with held(BACKTEST, _member(backtest.pk)) as free:
            lost += free and fail(backtest, "interrupted: the process that ran it is gone; ask for it again")
    return lost


def _member(pk: int) -> int:
    """The number that the lock goes by, which has 32 bits."""
    return pk % 2**31


def advance(backtest: Backtest, stage: str, share: float) -> None:
    """How far it is: `share` of the work in [0, 1], and what it is at."""
    Backtest.objects.filter(pk=backtest.pk).update(stage=stage, progress=min(max(share, 0.0), 1.0))


def complete(
    backtest: Backtest, report: Mapping[str, Any], ratios: Sequence[float], variants_tried: int
) -> None:
    """Keep the report. `ratios` of a bar, of each variant; what is not known (NaN) is null.

    Raises RuntimeError where it does not run any more.
    """
    running = Backtest.objects.filter(pk=backtest.pk, status=BacktestStatus.RUNNING)
    kept = running.update(
        status=BacktestStatus.COMPLETED,
        progress=1.0,
        stage="",
        report=report,
        sharpe_ratios=[ratio if math.isfinite(ratio) else None for ratio in ratios],
        variants_tried=variants_tried,
        finished_at=Now(),
    )
    if not kept:
        raise RuntimeError(f"backtest {backtest.pk} was given up meanwhile; nothing of it is kept")


def fail(backtest: Backtest, error: str) -> bool:
    """Say why there is no report; False where it has ended already."""
    waiting = Backtest.objects.filter(
        pk=backtest.pk, status__in=(BacktestStatus.QUEUED, BacktestStatus.RUNNING)
    )
    return bool(waiting.update(status=BacktestStatus.FAILED, error=error, finished_at=Now()))


def _faults(plan: Plan) -> dict[str, str]:
    errors = {}
    for name in ("fees", "slippage"):
        value = getattr(plan, name)
        if not 0.0 <= value <= MOST_COST:
            errors[name] = _(
                "%(value)s is no share of a fill; give one from 0 to %(most)s, such as 0.001."
            ) % {
                "value": value,
                "most": MOST_COST,
            }
    if not 1 <= plan.universe <= MOST_COINS:
        errors["universe"] = _("%(value)s coins are no universe; give 1 to %(most)d.") % {
            "value": plan.universe,
            "most": MOST_COINS,
        }
    if not 0.0 <= plan.least_confidence <= 1.0:
        errors["least_confidence"] = (
            _("%s is no probability; give a number from 0 to 1.") % plan.least_confidence
        )
    count = math.prod(len(values) for values in plan.sweep.values())
    if not 1 <= count <= MOST_VARIANTS:
        errors["sweep"] = _(
            "%(count)d variants; give at least one value each and at most %(most)d in all."
        ) % {
            "count": count,
            "most": MOST_VARIANTS,
        }
    else:
        errors |= _sweep_faults(plan)
    return errors


def _sweep_faults(plan: Plan) -> dict[str, str]:
    try:
        for values in plan.variants():
            if not all(math.isfinite(value) and value >= 0 for value in values.values()):
                raise ValueError(_("a value is below 0 or no number"))
            if any(values.get(name, 1.0) <= 0 for name in ("stop", "target")):
                raise ValueError(_("a distance has to be above 0"))
            varied(plan.params(), values)
    except ValueError as error:
        return {"sweep": str(error)}
    return {}


def _span(
    timeframe: Timeframe, since: datetime, until: datetime, errors: dict[str, str]
) -> tuple[datetime, datetime]:
    """The first and last close of the span; what is wrong with it goes to `errors`."""
    try:
        lookback(timeframe)
    except ValueError as error:
        errors["timeframe"] = str(error)
        return since, until
    if not EARLIEST <= min(since, until) <= max(since, until) <= LATEST:
        errors["from"] = _("Give moments from %(first)d to %(last)d.") % {
            "first": EARLIEST.year,
            "last": LATEST.year,
        }
        return since, until
    first_open, newest = assets.first_open(timeframe), assets.last_close(timeframe)
    if first_open is None or newest is None:
        errors["timeframe"] = _("There are no %s candles; import some first.") % timeframe
        return since, until
    first = max(timeframe.close_of(timeframe.last_closed(since)), timeframe.close_of(first_open))
    last = min(timeframe.close_of(timeframe.last_closed(until)), newest)
    if not first < last:
        errors["from"] = _(
            "No candles closed between %(since)s and %(until)s; there are some from %(first)s to %(last)s."
        ) % {
            "since": f"{since:%Y-%m-%d}",
            "until": f"{until:%Y-%m-%d}",
            "first": f"{first_open:%Y-%m-%d}",
            "last": f"{newest:%Y-%m-%d}",
        }
    return first, last
