"""Macro series by their many names, and what a value of each can be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf

from assets.formats.header import key

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "fear_greed_index": ("feargreed", "fng", "fngvalue", "fearandgreed", "fearandgreedindex", "fgi"),
    "google_trends_score": ("googletrends", "googletrendsbitcoin", "googletrendsbitcoinmonthly"),
    "funding_rate_btc": ("fundingratebtcdaysum", "btcfundingrate", "btcfunding", "fundingbtc"),
    "open_interest_btc": ("btcopeninterest", "btcfuturesopeninterest", "btcoi", "oibtc"),
    "whale_netflow_24h": ("whalenetflow",),
    "active_addresses_btc": ("btcactiveaddresses", "adractcnt"),
    "btc_dominance": ("bitcoindominance", "btcd", "dominancebtc"),
    "eth_dominance": ("ethereumdominance", "ethd", "dominanceeth"),
    "usdt_dominance": ("tetherdominance", "usdtd", "dominanceusdt"),
    "altcoin_dominance": ("altdominance", "dominancealt"),
    "total_market_cap": ("totalmarketcapusd", "cryptomarketcap", "totalcryptomarketcap", "totalcap"),
    "sp500": ("spx", "gspc", "snp500", "sandp500", "us500"),
    "gold": ("xau", "xauusd", "gcf", "goldprice"),
    "dxy": ("dollarindex", "usdollarindex", "dxynyb"),
    "vix_index": ("vix", "vixcls", "cboevix"),
    "us_10y_yield": ("us10y", "us10yyield", "us10year", "us10yearyield", "dgs10", "tnx", "treasury10y"),
    "liquidations_long": ("longliquidations",),
    "liquidations_short": ("shortliquidations",),
}
_NAMES = {key(name): name for name in _ALIASES} | {
    alias: name for name, aliases in _ALIASES.items() for alias in aliases
}
# A dominance below 1 is a fraction where per cent are meant: bitcoin's never was so small.
_RANGES: Mapping[str, tuple[float, float]] = {
    "fear_greed_index": (0, 100),
    "google_trends_score": (0, 100),
    "funding_rate_btc": (-1, 1),
    "open_interest_btc": (0, inf),
    "active_addresses_btc": (0, inf),
    "btc_dominance": (1, 100),
    "eth_dominance": (0, 100),
    "usdt_dominance": (0, 100),
    "altcoin_dominance": (0, 100),
    "total_market_cap": (1, inf),
    "sp500": (1, inf),
    "gold": (1, inf),
    "dxy": (1, 1000),
    "vix_index": (0.1, 1000),
    "us_10y_yield": (-10, 100),
    "liquidations_long": (0, inf),
    "liquidations_short": (0, inf),
}
CANONICAL = frozenset(_ALIASES)


def canonical(name: str) -> str | None:
    """The one name of a macro series, or None if this is none of them."""
    return _NAMES.get(key(name))


def own_name(name: str) -> str:
    """An unknown series keeps its name, spelled like a field: `Hash Rate (EH/s)` -> `hash_rate_eh_s`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60]


def value_range(name: str) -> tuple[float, float]:
    """Smallest and largest value that can be true, in the unit the series is kept in."""
    return _RANGES.get(name, (-inf, inf))
