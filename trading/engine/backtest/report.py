"""A backtest of the funnel's signals: what it would have earned from the first row on, judged every way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from assets.engine.panel import Bools, Floats, Panel
from trading.engine.backtest.book import Book, Terms, keep_book
from trading.engine.backtest.kernel import Trades, trade
from trading.engine.backtest.significance import Chance, Deflated, Pool, Shuffled, chance, deflate, shuffle
from trading.engine.barriers import DIRECTIONS, OUTCOMES, TARGET, Issued
from trading.engine.inputs import Params
from trading.engine.levels import horizon_bars
from trading.engine.performance import (
    CurveFigures,
    TradeFigures,
    curve_figures,
    returns_of,
    trade_figures,
)
from trading.engine.signals import RISK_LEVELS, Result

CONFIDENCE_EDGES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The trades of one variant and the portfolio of them; `panel` begins at the first row of the result."""

    panel: Panel
    result: Result
    params: Params
    trades: Trades
    book: Book

    @property
    def times(self) -> list[datetime]:
        """The close of each bar."""
        return [self.panel.as_of(row) for row in range(len(self.panel.times))]

    @property
    def returns(self) -> Floats:
        """Returns (R,) of the portfolio from close to close."""
        return returns_of(self.book.equity)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything said of one run. `groups`: trade figures by name of the grouping, then of the group."""

    run: Run
    holding: Floats
    portfolio: CurveFigures
    rival: CurveFigures
    trades: TradeFigures
    groups: dict[str, dict[str, TradeFigures]]
    deflated: Deflated
    shuffled: Shuffled
    chance: Chance


def simulate(panel: Panel, result: Result, params: Params) -> Run:
    """Trade what `result` issued, each at its own share, within the exposure recommended at the close before.

    `panel` is the one the result came from. A short takes part of the same room.
    """
    own = panel.rows(result.first, None)
    sides, rows, columns = np.nonzero(result.issued)
    order = np.argsort(rows, kind="stable")
    sides, rows, columns = sides[order], rows[order], columns[order]
    cells = (sides, rows, columns)
    signs = np.array([direction.sign for direction in DIRECTIONS])
    issued = Issued(
        rows=rows,
        columns=columns,
        sign=signs[sides],
        entry=result.entry[cells],
        target=result.target[cells],
        stop=result.stop[cells],
        horizon=np.full(len(rows), horizon_bars(panel.timeframe), dtype=np.int64),
    )
    trades = trade(own, issued, params.costs)
    share = result.position_share[cells][trades.signal]
    book = keep_book(own.close, trades, Terms(share, result.exposure, params.costs))
    return Run(own, result, params, trades, book)


def judge_run(run: Run, market_return: Floats, ratios: Floats) -> Report:
    """Judge `run` beside holding the market (`market_return` (R,), cap-weighted, of each bar).

    `ratios`: Sharpe ratios (of a bar) of all variants tried, this one included.
    """
    per_year = run.panel.timeframe.bars_per_year
    block = 4 * horizon_bars(run.panel.timeframe)
    held = np.nan_to_num(market_return)
    held[:1] = 0.0  # the first decision is known at the first close
    holding = np.asarray(np.cumprod(1.0 + held), dtype=np.float64)
    portfolio = curve_figures(run.book.equity, run.times, per_year, block, run.book.invested, run.book.traded)
    done = run.trades.take(run.trades.closed)
    gains = (run.book.size * run.trades.net)[run.trades.closed & (run.book.size > 0)]
    depth = portfolio.drawdown.depth if portfolio.drawdown else None
    return Report(
        run=run,
        holding=holding,
        portfolio=portfolio,
        rival=curve_figures(holding, run.times, per_year, block),
        trades=_figures(done, np.ones(len(done), dtype=np.bool_), block),
        groups=_groups(run, done, block),
        deflated=deflate(run.returns, ratios),
        shuffled=shuffle(gains, depth),
        chance=chance(
            run.panel, run.trades, pools(run.result), horizon_bars(run.panel.timeframe), run.params.costs
        ),
    )


def ratio_of(run: Run) -> float:
    """Sharpe ratio of a bar; NaN for a portfolio that never moved."""
    returns = run.returns
    spread = returns.std(ddof=1) if len(returns) > 1 else 0.0
    return float(returns.mean() / spread) if spread > 0 else float("nan")


def pools(result: Result) -> list[Pool]:
    """Every plan of the result, by direction."""
    found = []
    for side, direction in enumerate(DIRECTIONS):
        told = result.candidates & np.isfinite(result.entry[side]) & np.isfinite(result.probability[side])
        rows, columns = np.nonzero(told)
        levels = {name: getattr(result, name)[side, rows, columns] for name in ("entry", "target", "stop")}
        found.append(Pool(rows=rows, columns=columns, **levels, sign=direction.sign))
    return found


def _figures(done: Trades, keep: Bools, block: int) -> TradeFigures:
    some = done.take(keep)
    return trade_figures(some.code == TARGET, some.net, some.return_r, some.row, block)


def _groups(run: Run, done: Trades, block: int) -> dict[str, dict[str, TradeFigures]]:
    """Trade figures by direction, outcome, regime, risk level, confidence and year."""
    result = run.result
    side = np.where(done.sign > 0, 0, 1)
    cells = (side, done.row, done.column)
    bucket = np.searchsorted(CONFIDENCE_EDGES, result.probability[cells], side="right")
    years = run.panel.times.year.to_numpy()[done.row] if len(done) else np.empty(0, dtype=np.int64)
    names = {
        "direction": np.array([direction.value for direction in DIRECTIONS])[side],
        "outcome": np.array([outcome.value for outcome in OUTCOMES])[done.code],
        "regime": np.where(result.regime[done.row] == "", "unknown", result.regime[done.row]),
        "risk_level": np.array([level.value for level in RISK_LEVELS])[result.risk_level[cells]],
        "confidence": np.array(confidence_names())[bucket],
        "year": years.astype(str),
    }
    return {
        name: {str(word): _figures(done, words == word, block) for word in np.unique(words)}
        for name, words in names.items()
    }


def confidence_names() -> list[str]:
    """Names of the buckets of confidence."""
    edges = ["0", *(f"{edge:g}" for edge in CONFIDENCE_EDGES), "1"]
    return [f"{low} to {high}" for low, high in pairwise(edges)]


def varied(params: Params, values: dict[str, float]) -> Params:
    """`params` with some of what a sweep may vary; raises ValueError for a name it may not.

    `target` and `stop` are distances in daily ATR: their bounds move along, so that structure may shift a
    level by as much as before.
    """
    known = {"stop", "target", "margin", "least_confidence", "exposure_floor", "score_share"}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{', '.join(unknown)} cannot be varied; there are {', '.join(sorted(known))}")
    geometry = params.geometry
    for name in ("stop", "target"):
        if name in values:
            moved = values[name] - getattr(geometry, name)
            low, high = getattr(geometry, f"{name}_bounds")
            bounds = (max(low + moved, 0.1), high + moved)
            geometry = replace(geometry, **{name: values[name], f"{name}_bounds": bounds})  # type: ignore[arg-type]
    rest = {name: value for name, value in values.items() if name not in ("stop", "target")}
    return replace(params, geometry=geometry, **rest)  # type: ignore[arg-type]
