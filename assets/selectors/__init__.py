"""What others read of assets: panels, bars, freshness."""

from assets.selectors.ages import STALE_BARS, Freshness, freshness, is_simulated, stale_reason
from assets.selectors.panels import first_missing, first_open, last_close, load_panel, newest_close, supported
from assets.selectors.prices import (
    Bars,
    FineBars,
    LastPrice,
    Quote,
    bars,
    extremes,
    finer_bars,
    finer_lengths,
    last_prices,
    quotes,
)

__all__ = [
    "STALE_BARS",
    "Bars",
    "FineBars",
    "Freshness",
    "LastPrice",
    "Quote",
    "bars",
    "extremes",
    "finer_bars",
    "finer_lengths",
    "first_missing",
    "first_open",
    "freshness",
    "is_simulated",
    "last_close",
    "last_prices",
    "load_panel",
    "newest_close",
    "quotes",
    "stale_reason",
    "supported",
]
