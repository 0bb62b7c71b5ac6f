"""The backtest: the whole funnel over a span as it would have run, and what its signals would have earned.

Upstream layers are analysed once; each variant of a sweep weighs the candidates anew. Fits are made on the
same calendar as those of live runs, from bars known then. The universe is that of each close.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from celery import shared_task

from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from cryptopredict import lookahead
from sectors.engine import taxonomy
from trading import engine as trading
from trading import services
from trading.engine.backtest import Report, Run, judge_run, ratio_of, simulate, varied
from trading.models import Backtest
from trading.selectors import earlier_ratios
from trading.serializers import Variant, report_as_json
from trading.services import Plan

Progress = Callable[[str, float], None]


class BacktestError(RuntimeError):
    """The backtest cannot run; the message says what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A backtest's report, the variants behind it, and what of its inputs was not known at the time."""

    report: Report
    variants: list[Variant]
    biases: list[str]
    trials: int
    seconds: float


def run(backtest: Backtest, progress: Progress = lambda stage, share: None) -> Done:
    """Run a backtest that has `services.begun`, and keep its report; raises what went wrong, kept too."""

    def told(stage: str, share: float) -> None:
        services.advance(backtest, stage, share)
        progress(stage, share)

    try:
        done = _run(backtest, told)
        ratios = [ratio for _, _, ratio in done.variants]
        services.complete(backtest, as_json(done), ratios, done.trials)
    except BaseException as error:  # a person's Ctrl-C ends it too
        services.fail(backtest, f"{type(error).__name__}: {error}")
        raise
    backtest.refresh_from_db()
    return done


def as_json(done: Done) -> dict[str, Any]:
    """The report as it is stored and served."""
    return report_as_json(
        done.report,
        done.variants,
        done.biases,
        done.trials,
        done.seconds,
    )


def _run(backtest: Backtest, told: Progress) -> Done:
    begun = time.perf_counter()
    plan, timeframe = Plan.of(backtest.parameters), Timeframe(backtest.timeframe)
    told("candles", 0.02)
    rows = lookahead.lookback(timeframe) + timeframe.bars(backtest.until - backtest.since) + 1
    market = lookahead.load(timeframe, backtest.until, rows)
    if not len(market.membership.names):
        raise BacktestError(
            "no coin belongs to a sector, so layer 2 has nothing to say; run seed_sectors first"
        )
    first = max(market.panel.known_at(backtest.since) - 1, 0)
    told("layers", 0.1)
    state, _, upstream = lookahead.upstream(market, first, plan.params().universe)
    told("variants", 0.5)
    best, variants = _tried(market.panel, upstream, first, plan, told)
    told("judging", 0.9)
    earlier = earlier_ratios(timeframe, backtest.since, backtest.until)
    ratios = np.array(
        [*(ratio for *_, ratio in variants), *(r if r is not None else np.nan for r in earlier)]
    )
    report = judge_run(best, state.market_return, ratios)
    return Done(report, variants, _biases(market, timeframe), len(ratios), time.perf_counter() - begun)


def _tried(
    panel: Panel, upstream: trading.Upstream, first: int, plan: Plan, told: Progress
) -> tuple[Run, list[Variant]]:
    """The variant with the best Sharpe ratio, and the figures of all.

    Of the others nothing else is kept: a run holds the whole span of every coin.
    """
    params, grid = plan.params(), plan.variants()
    rules = [varied(params, values) for values in grid]
    best, highest = None, -math.inf
    variants: list[Variant] = []
    for values, result in zip(grid, trading.analyse_each(panel, upstream, first, rules), strict=True):
        done = simulate(panel, result, rules[len(variants)])
        ratio = ratio_of(done)
        if best is None or ratio > highest:
            best, highest = done, -math.inf if math.isnan(ratio) else ratio
        variants.append((values, int(result.issued.sum()), ratio))
        told("variants", 0.5 + 0.4 * len(variants) / len(grid))
    if best is None:
        raise BacktestError("there is no variant to try")
    return best, variants


def _biases(market: lookahead.Market, timeframe: Timeframe) -> list[str]:
    """What the backtest read that was not known at the time, by code; the words are in `trading.words`."""
    found = []
    if not taxonomy.POINT_IN_TIME and market.homes.max(initial=-1) >= 0:
        found.append("sectors")
    last = np.isfinite(market.panel.close[-timeframe.bars(timedelta(days=30)) :]).any(axis=0)
    if last.all():
        found.append("survivors")
    if assets.is_simulated():
        found.append("simulated")
    return found


@shared_task
def run_backtest(pk: int) -> int:
    """A worker's door."""
    backtest = Backtest.objects.get(pk=pk)
    with services.begun(backtest) as ours:  # a task may be delivered twice
        if ours:
            run(backtest)
    return pk


@shared_task
def run_waiting() -> int:
    """Give up those that a killed worker left behind, and run those whose message was lost on the way, oldest
    first; returns how many ran."""
    services.mend()
    done = 0
    for pk in services.waiting():
        run_backtest(pk)
        done += 1
    return done
