"""How the market's worth is shared out: bitcoin, ether, stablecoins, the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel
from macro.engine.market import Market

#: A pegged coin counts as a stablecoin while its price is this near to one dollar; wrapped coins and
#: gold are claims on things counted elsewhere and belong to no share.
PEG_WIDTH = 0.25
CHANGE_DAYS = (1, 7, 30)
#: A bar that no source delivered takes nothing away: so long a coin counts with its last cap.
GAP_DAYS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Dominance:
    """Shares in percent (T,) that add up to 100, NaN in rows where no coin, or not even
    bitcoin, has a cap.

    `total_market_cap` (USD) holds reported supplies x close and the estimates for members without;
    `coverage` is the reported part of it. `total_volume` is USD turned over in the bar by all coins.
    `reported_btc` is the share an outside source gives, its one-day glitches left out. `changes`
    maps each share and days (1, 7, 30) to the change in percentage points (T,).
    """

    btc: Floats
    eth: Floats
    alt: Floats
    stablecoin: Floats
    usdt: Floats
    total_market_cap: Floats
    total_volume: Floats
    coverage: Floats
    reported_btc: Floats
    changes: dict[str, Floats]


def dominance(panel: Panel, market: Market, reported_btc: Floats) -> Dominance:
    """Shares from the caps behind `market`, a coin without a bar counting with its last cap for `GAP_DAYS`;
    ether or stablecoins without a cap in the row count as 0, USDT alone is then NaN."""
    on_peg = panel.is_stable & (np.abs(panel.close - 1.0) <= PEG_WIDTH)
    counted = (on_peg | ~panel.is_stable) & np.isfinite(market.cap) & (market.cap_known | market.members_mask)
    cap = _over_gaps(panel, np.where(counted, market.cap, np.nan))
    total = row_sum(cap)
    known = row_sum(_over_gaps(panel, np.where(counted & market.cap_known, market.cap, np.nan)))
    usable = (total > 0) & (known > 0)
    if "BTC" in panel.symbols:
        usable &= cap[:, panel.symbols.index("BTC")] > 0
    total = np.where(usable, total, np.nan)
    btc, eth = _share(panel, cap, "BTC", total), _share(panel, cap, "ETH", total)
    stablecoin = 100.0 * row_sum(np.where(panel.is_stable, cap, 0.0)) / total
    alt = np.maximum(100.0 - btc - eth - stablecoin, 0.0)
    shares = {"btc": btc, "eth": eth, "alt": alt, "stablecoin": stablecoin}
    return Dominance(
        **shares,
        usdt=_reported_share(panel, cap, "USDT", total),
        total_market_cap=total,
        total_volume=_total_volume(panel.volume),
        coverage=known / total,
        reported_btc=reported_btc,
        changes={
            f"{name}_{days}d": share - rolling.lag(share, panel.timeframe.bars(timedelta(days=days)))
            for name, share in shares.items()
            for days in CHANGE_DAYS
        },
    )


def _over_gaps(panel: Panel, cap: Floats) -> Floats:
    span = panel.timeframe.bars(timedelta(days=GAP_DAYS))
    missing = np.isnan(panel.close)
    held = np.where(missing, rolling.last_known(cap, span), cap)
    return np.where(np.isfinite(held), held, 0.0)


def _share(panel: Panel, cap: Floats, symbol: str, total: Floats) -> Floats:
    if symbol not in panel.symbols:
        return 0.0 * total
    return 100.0 * cap[:, panel.symbols.index(symbol)] / total


def _reported_share(panel: Panel, cap: Floats, symbol: str, total: Floats) -> Floats:
    share = _share(panel, cap, symbol, total)
    return np.where(share > 0, share, np.nan)


def _total_volume(volume: Floats) -> Floats:
    seen: Bools = np.isfinite(volume)
    return np.where(seen.any(axis=1), row_sum(np.where(seen, volume, 0.0)), np.nan)


def row_sum(x: Floats) -> Floats:
    """Sum over columns one after the other, so that added empty columns change no digit."""
    out = np.zeros(len(x))
    for n in range(x.shape[1]):
        out += x[:, n]
    return out
