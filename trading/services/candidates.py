"""The candidates of a run in order of time: levels as the table keeps them, outcomes, which are issued."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from assets.engine.panel import Bools, Floats, Ints, Panel
from trading.engine import DIRECTIONS, REFUSALS, Inputs, Issued, Outcomes, Result
from trading.engine.barriers import OPEN
from trading.engine.levels import horizon_bars
from trading.models import Refusal, SignalStatus, TradingSignal
from trading.services.outcomes import Case, decide, follow

EXACT_FROM = 0.01  # a float from here up has at most 18 decimals, which is what the columns keep
SIGNS = np.array([direction.sign for direction in DIRECTIONS])
NEVER = sys.maxsize

Spans = dict[tuple[int, int], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """C candidates.

    `rows` of the result, `sides` (index into DIRECTIONS), panel `columns`; the three prices as text for the
    table; `ended` what the panel's bars have decided; `refusals` the rule against each, "" where issued.
    """

    rows: Ints
    sides: Ints
    columns: Ints
    entry: Sequence[str]
    target: Sequence[str]
    stop: Sequence[str]
    ended: Outcomes
    refusals: list[str]

    @property
    def issued(self) -> Bools:
        return np.array([refusal == Refusal.NONE for refusal in self.refusals], dtype=np.bool_)


def weigh(inputs: Inputs, result: Result, unspoken: Bools) -> Weighed:
    """The candidates of the rows of `result` that `unspoken` (R,) marks.

    At most one signal a coin and direction is open; whether one is at a close is known from the bars up to
    that close. A coin whose price is too small for the table to tell its levels apart is left out: no plan
    can be kept for it.
    """
    listed = np.moveaxis(result.refusal >= 0, 0, 1) & unspoken[:, None, None]
    rows, sides, columns = np.nonzero(listed)
    kept = [keep(prices[sides, rows, columns]) for prices in (result.entry, result.target, result.stop)]
    (entry, target, stop) = (values for _, values in kept)
    sign = SIGNS[sides]
    told = (sign * (entry - stop) > 0) & (sign * (target - entry) > 0) & (np.minimum(stop, target) > 0)
    place = np.flatnonzero(told)
    rows, sides, columns = rows[place], sides[place], columns[place]
    plans = Issued(
        rows=rows + result.first,
        columns=columns,
        sign=sign[place],
        entry=entry[place],
        target=target[place],
        stop=stop[place],
        horizon=np.full(len(place), horizon_bars(inputs.panel.timeframe), dtype=np.int64),
    )
    texts = [[text[i] for i in place] for text, _ in kept]
    refusals = [str(REFUSALS[code]) for code in result.refusal[sides, rows, columns]]
    weighed = Weighed(
        rows, sides, columns, *texts, decide(inputs.panel, plans, inputs.params.costs), refusals
    )
    return one_at_a_time(weighed, result.first, held(inputs.panel, result.first))


def keep(prices: Floats) -> tuple[list[str], Floats]:
    """Prices (C,) as text with every digit that `Decimal(38, 18)` holds, and what comes back from the table.

    What is followed later is read from the table: a replay has to follow the same digits.
    """
    texts = [repr(price) if price >= EXACT_FROM else f"{price:.18f}" for price in prices.tolist()]
    return texts, np.array([float(text) for text in texts], dtype=np.float64)


def held(panel: Panel, first: int) -> Spans:
    """Panel rows [start, end) in which signals told before were open, by panel column and side."""
    timeframe = panel.timeframe
    horizon = horizon_bars(timeframe) * timeframe.delta
    since = panel.as_of(first) - horizon - timedelta(microseconds=1)
    told = list(
        TradingSignal.objects.filter(
            timeframe=timeframe, as_of__gt=since, as_of__lte=panel.as_of(len(panel.times) - 1)
        ).values_list(*Case._fields, "status", "closed_at")
    )
    cases = [Case(*row[: len(Case._fields)]) for row in told]
    followed = follow(panel, cases)
    places = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    spans: Spans = {}
    for i, (case, row) in enumerate(zip(cases, told, strict=True)):
        if case.asset_id not in places:
            continue
        start = panel.known_at(case.as_of) - 1
        end = NEVER if followed.code[i] == OPEN else start + int(followed.offset[i])
        status, closed_at = row[-2:]
        if status == SignalStatus.CANCELLED and closed_at is not None:
            end = min(end, panel.known_at(closed_at - timedelta(microseconds=1)))
        key = (places[case.asset_id], DIRECTIONS.index(case.direction))
        spans.setdefault(key, []).append((start, end))
    return spans


def one_at_a_time(weighed: Weighed, first: int, spans: Spans) -> Weighed:
    """The same candidates, those refused that would be a second open signal of their coin and direction."""
    spans = {key: list(open_) for key, open_ in spans.items()}
    refusals = list(weighed.refusals)
    # In order of time, and a loop: whether one is open depends on what was issued before it.
    for i in np.flatnonzero(weighed.issued).tolist():
        row = first + int(weighed.rows[i])
        key = (int(weighed.columns[i]), int(weighed.sides[i]))
        before = spans.setdefault(key, [])
        if any(start <= row < end for start, end in before):
            refusals[i] = Refusal.OPEN_SIGNAL.value
        else:
            ended = weighed.ended.code[i] != OPEN
            before.append((row, row + int(weighed.ended.offset[i]) if ended else NEVER))
    return replace(weighed, refusals=refusals)
