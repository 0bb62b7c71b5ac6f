"""What became of signals and candidates, filled in once, from bars that have closed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction

from assets import selectors as assets
from assets.engine.panel import BAR_FIELDS, Panel
from assets.engine.timeframe import Timeframe
from trading import selectors
from trading.engine import OUTCOMES, Costs, Direction, Issued, Outcomes, resolve
from trading.engine.barriers import OPEN, STOP, first_touch
from trading.engine.levels import horizon_bars
from trading.models import SignalCandidate, SignalExecution, SignalStatus, TradingSignal
from trading.services.announcements import announce
from trading.services.positions import Ending, close_positions


class Case(NamedTuple):
    """A stored plan to follow; the names are columns of both tables."""

    id: int
    asset_id: int
    signal_type: str
    as_of: datetime
    entry_price: Decimal
    target_price: Decimal
    stop_loss: Decimal

    @property
    def direction(self) -> Direction:
        return Direction(self.signal_type)


def close(*, timeframe: Timeframe, as_of: datetime, panel: Panel | None = None) -> int:
    """Fill in the outcome of every signal and candidate that the bars closed up to `as_of` have decided.

    `panel` ends with the bar that closes at `as_of`; one is loaded where none is given or it does not reach
    back to the oldest plan that is undecided. An outcome is filled in once: run again, nothing changes. Also
    of cancelled signals: what was called off is judged like the rest, and keeps its status. Returns the rows
    filled in.
    """
    as_of = timeframe.close_of(timeframe.last_closed(as_of))
    signals = _undecided(TradingSignal, timeframe, as_of)
    candidates = _undecided(SignalCandidate, timeframe, as_of)
    if not signals and not candidates:
        return 0
    panel = _reaching(timeframe, as_of, min(case.as_of for case in signals + candidates), panel)
    with transaction.atomic():
        outcomes = follow(panel, signals + candidates)
        own, others = _split(outcomes, len(signals))
        ended = _fill_signals(panel, signals, own)
        judged = _fill_candidates(candidates, others)
        is_newest = as_of == assets.last_close(timeframe)
        close_positions(endings=list(_endings(panel, signals, own)), tell=is_newest)
        if ended and is_newest:
            announce(ended)
    return len(ended) + judged


def follow(panel: Panel, cases: Sequence[Case]) -> Outcomes:
    """Outcome (S,) of each stored plan from the bars of `panel` after its own.

    A coin that the panel does not have has no bars: its time runs out without a price.
    """
    columns = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    absent = len(columns)
    if any(case.asset_id not in columns for case in cases):
        panel = _with_empty_column(panel)
    prices = np.array([case[-3:] for case in cases], dtype=np.float64).reshape(-1, 3)
    issued = Issued(
        rows=np.array([panel.known_at(case.as_of) - 1 for case in cases], dtype=np.int64),
        columns=np.array([columns.get(case.asset_id, absent) for case in cases], dtype=np.int64),
        sign=np.array([case.direction.sign for case in cases], dtype=np.float64),
        entry=prices[:, 0],
        target=prices[:, 1],
        stop=prices[:, 2],
        horizon=np.full(len(cases), horizon_bars(panel.timeframe), dtype=np.int64),
    )
    return decide(panel, issued, Costs())


def decide(panel: Panel, issued: Issued, costs: Costs) -> Outcomes:
    """Outcomes (S,) as the bars of `panel` tell them.

    A bar that touches stop and target is asked of finer bars: they decide where one length of them fills
    the bar whole; otherwise the stop comes first. The exit stays in the same bar either way.
    """
    told = resolve(panel, issued, costs)
    finer = assets.finer_lengths(panel.timeframe)
    unsure = _unsure(panel, issued, told) if finer else []
    if not unsure:
        return told
    spans = [
        (int(panel.asset_ids[issued.columns[i]]), panel.times[row].to_pydatetime(), panel.as_of(row))
        for i, row in unsure
    ]
    code, price, earned = told.code.copy(), told.exit_price.copy(), told.return_r.copy()
    for (i, _row), bars in zip(unsure, assets.finer_bars(spans, finer), strict=True):
        if bars is None:
            continue
        sign, target, stop = float(issued.sign[i]), float(issued.target[i]), float(issued.stop[i])
        what, exit_price = first_touch(bars.prices, target, stop, sign)
        if what != OPEN:
            # Return is (sign (exit - fill) - side (exit + fill)) / risk: only the exit is another.
            risk = abs(float(issued.entry[i]) - stop)
            earned[i] += (sign - costs.side) * (exit_price - price[i]) / risk
            code[i], price[i] = what, exit_price
    return replace(told, code=code, exit_price=price, return_r=earned)


def _unsure(panel: Panel, issued: Issued, told: Outcomes) -> list[tuple[int, int]]:
    """Plan and panel row of each stop whose bar reached the target too, and did not open beyond the stop."""
    stopped = np.flatnonzero(told.code == STOP)
    rows, columns = issued.rows[stopped] + told.offset[stopped], issued.columns[stopped]
    sign = issued.sign[stopped]
    best = np.where(sign > 0, panel.high[rows, columns], panel.low[rows, columns])
    opened = panel.open[rows, columns]
    both = (sign * (best - issued.target[stopped]) >= 0) & (sign * (opened - issued.stop[stopped]) > 0)
    return list(zip(stopped[both].tolist(), rows[both].tolist(), strict=True))


def _split(outcomes: Outcomes, at: int) -> tuple[Outcomes, Outcomes]:
    """The first `at` outcomes, and the others."""
    parts = (slice(None, at), slice(at, None))
    first, second = (
        Outcomes(*(getattr(outcomes, name)[part] for name in ("code", "offset", "exit_price", "return_r")))
        for part in parts
    )
    return first, second


def _endings(panel: Panel, cases: Sequence[Case], outcomes: Outcomes) -> Iterator[Ending]:
    columns = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    for i, case in enumerate(cases):
        if outcomes.code[i] == OPEN:
            continue
        row = panel.known_at(case.as_of) - 1 + int(outcomes.offset[i])
        column = columns.get(case.asset_id)
        yield Ending(
            signal_id=case.id,
            outcome=OUTCOMES[outcomes.code[i]].value,
            price=_decimal(outcomes.exit_price[i]),
            opened=panel.times[row].to_pydatetime(),
            at=_exit(panel, case, outcomes, i),
            bar_close=None if column is None else _decimal(panel.close[row, column]),
        )


def _undecided(model: type[Any], timeframe: Timeframe, as_of: datetime) -> list[Case]:
    rows = model.objects.filter(timeframe=timeframe, outcome=None, as_of__lt=as_of)
    return [Case(*row) for row in rows.order_by("pk").values_list(*Case._fields)]


def _reaching(timeframe: Timeframe, as_of: datetime, oldest: datetime, panel: Panel | None) -> Panel:
    if panel is not None:
        if not len(panel.times) or panel.as_of(len(panel.times) - 1) != as_of:
            raise ValueError(
                f"the panel has to end with the {timeframe} bar that closes at {as_of:%Y-%m-%d %H:%M}"
            )
        if panel.times[0] <= oldest:
            return panel
    return assets.load_panel(timeframe, as_of, selectors.rows_since(timeframe, oldest, as_of))


def _with_empty_column(panel: Panel) -> Panel:
    blank = np.full((panel.shape[0], 1), np.nan)
    bars: dict[str, Any] = {name: np.hstack([getattr(panel, name), blank]) for name in BAR_FIELDS}
    return replace(panel, **bars)


def _fill_signals(panel: Panel, cases: Sequence[Case], outcomes: Outcomes) -> list[int]:
    """The signals that ended; one that nobody called off is executed now if anybody did, else expired."""
    ended = np.flatnonzero(outcomes.code != OPEN).tolist()
    if not ended:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TradingSignal._meta.db_table} AS kept SET outcome = found.outcome, "
            "exit_price = found.exit_price, return_r = found.return_r, "
            "closed_at = COALESCE(kept.closed_at, found.closed_at), "
            "status = CASE WHEN kept.status <> %s THEN kept.status WHEN EXISTS "
            f"(SELECT 1 FROM {SignalExecution._meta.db_table} AS own WHERE own.signal_id = kept.id) "
            "THEN %s ELSE %s END "
            "FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::float8[], %s::timestamptz[]) "
            "AS found(id, outcome, exit_price, return_r, closed_at) "
            "WHERE kept.id = found.id AND kept.outcome IS NULL RETURNING kept.id",
            [
                SignalStatus.ACTIVE,
                SignalStatus.EXECUTED,
                SignalStatus.EXPIRED,
                [cases[i].id for i in ended],
                [OUTCOMES[outcomes.code[i]].value for i in ended],
                [_digits(outcomes.exit_price[i]) for i in ended],
                [_number(outcomes.return_r[i]) for i in ended],
                [_exit(panel, cases[i], outcomes, i) for i in ended],
            ],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _fill_candidates(cases: Sequence[Case], outcomes: Outcomes) -> int:
    ended = np.flatnonzero(outcomes.code != OPEN).tolist()
    if not ended:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {SignalCandidate._meta.db_table} AS kept SET outcome = found.outcome, "
            "return_r = found.return_r "
            "FROM unnest(%s::bigint[], %s::text[], %s::float8[]) AS found(id, outcome, return_r) "
            "WHERE kept.id = found.id AND kept.outcome IS NULL",
            [
                [cases[i].id for i in ended],
                [OUTCOMES[outcomes.code[i]].value for i in ended],
                [_number(outcomes.return_r[i]) for i in ended],
            ],
        )
        return int(cursor.rowcount)


def _exit(panel: Panel, case: Case, outcomes: Outcomes, i: int) -> datetime:
    return case.as_of + int(outcomes.offset[i]) * panel.timeframe.delta


def _digits(price: float) -> str | None:
    """All digits of a price: PostgreSQL keeps 15 of a float that it makes a numeric of."""
    return repr(float(price)) if math.isfinite(price) else None


def _decimal(price: float) -> Decimal | None:
    digits = _digits(price)
    return None if digits is None else Decimal(digits)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
