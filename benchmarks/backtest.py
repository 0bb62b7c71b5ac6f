"""The backtest's sweep beside vectorbt, on the same bars, entries, stops, targets, horizon and fees."""

from __future__ import annotations

import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from assets.engine.panel import Bools, Panel
from assets.engine.timeframe import Timeframe
from benchmarks.figures import Figure, Scale
from trading.engine.backtest import Trades, at_shares, trade
from trading.engine.barriers import Costs

STOP, TARGET, HORIZON, ENTRIES = 0.05, 0.08, 7, 0.05
COSTS = Costs(fee=0.001, slippage=0.0005)


def run(scale: Scale) -> list[Figure]:
    """Bars a second of both, how many times ours is faster, and its share of what memory can deliver."""
    assets, bars = scale.backtest
    panel, entries = market(assets, bars)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: ours_on(panel, entries),
        "reading": lambda: [values.sum() for values in (panel.open, panel.high, panel.low, panel.close)],
    }
    if importlib.util.find_spec("vectorbt") is not None:
        ways["vectorbt"] = _rival(panel, entries)
    cpu, wall = _in_turns(ways, scale.rounds)
    cells = panel.close.size
    figures = [
        Figure("bars a second", cells / cpu["ours"] / 1e6, "million"),
        Figure("share of the speed of reading the bars alone", cpu["reading"] / cpu["ours"], ""),
        Figure("trades", float(len(ours_on(panel, entries))), ""),
    ]
    if "vectorbt" in cpu:
        figures += [
            Figure("vectorbt: bars a second", cells / cpu["vectorbt"] / 1e6, "million"),
            Figure("against vectorbt, processor time", cpu["vectorbt"] / cpu["ours"], "x", 20.0),
            Figure("the same by the clock", wall["vectorbt"] / wall["ours"], "x"),
        ]
    return figures


def market(assets: int, bars: int) -> tuple[Panel, Bools]:
    """Random walks with ranges, and where to enter."""
    rng = np.random.default_rng(11)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, (bars, assets)), axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.002, (bars, assets)))
    reach = np.abs(rng.normal(0.0, 0.015, (2, bars, assets)))
    high, low = np.maximum(open_, close) * np.exp(reach[0]), np.minimum(open_, close) * np.exp(-reach[1])
    start = datetime(2018, 1, 1, tzinfo=UTC)
    panel = Panel(
        timeframe=Timeframe.DAY,
        times=Timeframe.DAY.opens(start, start + (bars - 1) * Timeframe.DAY.delta),
        asset_ids=np.arange(assets),
        symbols=tuple(f"C{n}" for n in range(assets)),
        is_stable=np.zeros(assets, dtype=np.bool_),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=np.ones_like(close),
        market_cap=np.full_like(close, np.nan),
    )
    return panel, rng.random((bars, assets)) < ENTRIES


def ours_on(panel: Panel, entries: Bools) -> Trades:
    """From the grid of entries to the trades, the making of the signals included."""
    return trade(panel, at_shares(entries, panel.close, TARGET, STOP, HORIZON), COSTS)


def _rival(panel: Panel, entries: Bools) -> Callable[[], Any]:
    """vectorbt's run: filled at the next open, stopped within bars, out after the horizon."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as vbt

    def frame(values: Any) -> pd.DataFrame:
        return pd.DataFrame(values, index=panel.times)

    later = np.zeros_like(entries)
    later[1:] = entries[:-1]
    exits = np.zeros_like(entries)
    exits[HORIZON:] = later[:-HORIZON]
    bars = {name: frame(getattr(panel, name)) for name in ("open", "high", "low", "close")}
    entered, left = frame(later), frame(exits)

    def work() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            portfolio = vbt.Portfolio.from_signals(
                entries=entered,
                exits=left,
                price=bars["open"],
                sl_stop=STOP,
                tp_stop=TARGET,
                fees=COSTS.fee,
                slippage=COSTS.slippage,
                freq="1D",
                **bars,
            )
            return portfolio.trades.values  # their net returns, as ours has them

    return work


def _in_turns(
    ways: dict[str, Callable[[], object]], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds of each way, of the processor and by the clock, all on one thread, in turns."""
    for way in ways.values():
        way()
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    wall: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3 * rounds):
        for name, way in ways.items():
            for _again in range(1 if name == "vectorbt" else 5):
                begun = time.process_time(), time.perf_counter()
                way()
                cpu[name].append(time.process_time() - begun[0])
                wall[name].append(time.perf_counter() - begun[1])
    return _medians(cpu), _medians(wall)


def _medians(taken: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(times) for name, times in taken.items()}
