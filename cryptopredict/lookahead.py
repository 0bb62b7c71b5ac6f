"""The law of no lookahead, checked: what is said of a bar does not change when its future is cut off.

For a bar t the whole funnel runs twice in memory, fits included: on the market with everything that
came later, and on the market cut off at the close of t. Every figure of every layer has to agree bit
for bit. A third run starts the history as late as the layers' declared look-back allows: a live run sees
no more, and it has to agree too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from aimodels.engine import intervals
from assets import selectors as assets
from assets.engine.panel import Floats, Ints, Panel, same
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams
from macro import engine as macro
from macro.selectors import market_series
from sectors import engine as sectors
from sectors import selectors as sector_selectors
from selection import engine as selection
from trading import engine as trading

LAYERS = ("macro", "sectors", "selection", "trading", "predictions")


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What the funnel reads: candles, macro series on the same rows, and who belongs to which sector."""

    panel: Panel
    series: pd.DataFrame
    membership: sectors.Membership
    homes: Ints

    def rows(self, start: int, stop: int) -> Market:
        """The same market, bars `start` to `stop`."""
        series = self.series.iloc[start:stop]
        return Market(self.panel.rows(start, stop), series, self.membership, self.homes)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the future changed: where, which, and what it was with and without it."""

    layer: str
    as_of: datetime
    cut: str
    field: str
    whole: str
    without: str


def load(timeframe: Timeframe, as_of: datetime, rows: int) -> Market:
    """The user's own market from the database."""
    panel = assets.load_panel(timeframe, as_of, rows)
    ranked = sector_selectors.sectors_ranked()
    return Market(
        panel=panel,
        series=market_series(panel.times, timeframe),
        membership=sector_selectors.membership(panel.asset_ids, ranked),
        homes=sector_selectors.homes(panel.asset_ids, ranked),
    )


def lookback(timeframe: Timeframe) -> int:
    """Rows before a bar on which anything said of it may depend, its fits' training included."""
    warm = {
        "macro": (macro.lookback(timeframe), macro.SPECS),
        "sectors": (sectors.lookback(timeframe), sectors.SPECS),
        "selection": (selection.lookback(timeframe), selection.SPECS),
        "trading": (trading.lookback(timeframe), trading.SPECS),
        "predictions": (intervals.lookback(timeframe), intervals.SPECS),
    }
    return max(
        rows + max(timeframe.bars(timedelta(days=spec.train_days + spec.refit_days)) for spec in specs)
        for rows, specs in warm.values()
    )


def upstream(
    market: Market, first: int, universe: UniverseParams | None = None
) -> tuple[macro.Result, selection.Result, trading.Upstream]:
    """Layers 1 and 3 for rows `first` to the last, all fits made anew, and what they tell layer 4.

    `universe`: another than the usual for layers 2 and 3; layer 1 always reads the whole market.
    """
    panel, universe = market.panel, universe or UniverseParams()
    state = macro.analyse(panel, market.series, first)
    corners = sectors.Params(universe=universe)
    context = selection.Context(
        sector_strength=sectors.home_momentum(panel, market.membership, market.homes, corners),
        exposure=_placed(panel, first, state.recommended_exposure),
    )
    scores = selection.analyse(panel, context, selection.Params(universe=universe), first=first)
    told = trading.Upstream.of(
        panel,
        exposure=state.recommended_exposure,
        regime=np.asarray([str(macro.REGIMES[n]) if n >= 0 else "" for n in state.regime]),
        score=scores.week.percentile,
    )
    return state, scores, told


def funnel(market: Market, first: int) -> dict[str, Any]:
    """Every layer's result for rows `first` to the last, all fits made anew from the market given."""
    panel = market.panel
    state, scores, told = upstream(market, first)
    exposure = _placed(panel, first, state.recommended_exposure)
    corners = sectors.analyse(panel, market.membership, exposure, first)
    signals = trading.analyse(panel, told, first)
    widths = intervals.analyse(panel, first)
    return dict(zip(LAYERS, (state, corners, scores, signals, widths), strict=True))


def check(
    market: Market,
    rows: list[int],
    *,
    late: bool = True,
    analyse: Callable[[Market, int], dict[str, Any]] = funnel,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Difference]:
    """Compare `rows` of the market with and without their future; an empty list is the proof.

    `late` adds the run that starts as late as the look-back allows. `rows` ascend and leave at least one
    later bar.
    """
    total = len(market.panel.times)
    whole = analyse(market, rows[0])
    found: list[Difference] = []
    for row in rows:
        cuts = {"future cut off": 0}
        start = row - lookback(market.panel.timeframe) if late else 0
        if start > 0:
            cuts["late start"] = start
        for name, begin in cuts.items():
            part = analyse(market.rows(begin, row + 1), row - begin)
            for layer in whole:
                at = market.panel.as_of(row)
                left = _row(whole[layer], row - rows[0], total - rows[0])
                right = _row(part[layer], 0, 1)
                found += [
                    Difference(layer, at, name, *difference) for difference in _differences(left, right)
                ]
        progress(f"{market.panel.as_of(row):%Y-%m-%d %H:%M}")
    return found


def _placed(panel: Panel, first: int, values: Floats) -> Floats:
    out = np.full(len(panel.times), np.nan)
    out[first:] = values
    return out


_LABELS = {"first", "asset_ids", "names"}  # which rows and columns a result has: not figures


def _row(result: Any, index: int, rows: int) -> Any:
    """One bar of a result: element `index` of everything that has `rows` of them."""
    if is_dataclass(result) and not isinstance(result, type):
        named = ((f.name, getattr(result, f.name)) for f in fields(result) if f.name not in _LABELS)
        return {name: _row(value, index, rows) for name, value in named}
    if isinstance(result, dict):
        return {key: _row(value, index, rows) for key, value in result.items()}
    if isinstance(result, np.ndarray | pd.Index | tuple | list) and len(result) == rows:
        return result[index]
    if isinstance(result, np.ndarray) and result.ndim > 1 and result.shape[1] == rows:
        return result[:, index]
    return result


def _differences(whole: Any, part: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    if isinstance(whole, dict) and isinstance(part, dict):
        for key in whole:
            yield from _differences(whole[key], part.get(key), f"{path}.{key}".lstrip("."))
    elif not same(whole, part):
        yield path, _short(whole), _short(part)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{np.array2string(value, threshold=6, precision=17)}"[:120]
    return repr(value)[:120]
