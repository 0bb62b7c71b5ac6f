"""What people call the layer's features, sources and moods."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

FEATURES: Mapping[str, str | Promise] = {
    "above_mean_50": gettext_lazy("Market against its 50-day mean"),
    "above_mean_100": gettext_lazy("Market against its 100-day mean"),
    "above_mean_200": gettext_lazy("Market against its 200-day mean"),
    "return_per_risk_20": gettext_lazy("20-day return per unit of risk"),
    "return_per_risk_60": gettext_lazy("60-day return per unit of risk"),
    "return_per_risk_100": gettext_lazy("100-day return per unit of risk"),
    "trend_10": gettext_lazy("10-day trend"),
    "trend_20": gettext_lazy("20-day trend"),
    "trend_60": gettext_lazy("60-day trend"),
    "trend_100": gettext_lazy("100-day trend"),
    "log_volatility": gettext_lazy("Volatility"),
    "volatility_ewma": gettext_lazy("Volatility, a year"),
    "volatility_ratio": gettext_lazy("Volatility now against usual"),
    "drawdown_90": gettext_lazy("Fall from the 90-day high"),
    "breadth_50": gettext_lazy("Coins above their 50-day mean"),
    "cost_of_up": gettext_lazy("Distance to a rising market"),
    "cost_of_neither": gettext_lazy("Distance to a sideways market"),
    "cost_of_down": gettext_lazy("Distance to a falling market"),
    "calm_minus_turbulent": gettext_lazy("Nearer to turbulence than to calm"),
}
SOURCES: Mapping[str, str | Promise] = {
    "fear_greed_index": gettext_lazy("Fear and greed"),
    "funding_rate": gettext_lazy("Funding rate"),
    "market_momentum": gettext_lazy("Market momentum"),
}
SERIES: Mapping[str, str | Promise] = {
    "btc_dominance": gettext_lazy("reported dominance of BTC"),
    "fear_greed_index": gettext_lazy("fear and greed"),
    "funding_rate_btc": gettext_lazy("funding rate"),
    "open_interest_btc": gettext_lazy("open interest"),
    "google_trends_score": gettext_lazy("searches"),
    "whale_netflow_24h": gettext_lazy("flows of large holders"),
    "active_addresses_btc": gettext_lazy("active addresses"),
    "liquidations_long": gettext_lazy("liquidated longs"),
    "liquidations_short": gettext_lazy("liquidated shorts"),
    "sp500": gettext_lazy("S&P 500"),
    "gold": gettext_lazy("gold"),
    "dxy": gettext_lazy("dollar index"),
    "vix_index": gettext_lazy("VIX"),
    "us_10y_yield": gettext_lazy("10-year yield"),
}


def feature_name(name: str) -> str:
    """What people call the feature; one not known here keeps its name."""
    return str(FEATURES.get(name, name.replace("_", " ")))


def source_name(name: str) -> str:
    """What people call a part of the market's mood; one not known here keeps its name."""
    return str(SOURCES.get(name, name.replace("_", " ")))


def series_name(name: str) -> str:
    """What people call an outside series; one not known here keeps its name."""
    return str(SERIES.get(name, name.replace("_", " ")))


def mood(value: float | None) -> str:
    """The word of a fear & greed index from 0 to 100, by alternative.me's own bounds."""
    if value is None:
        return ""
    words = ((25, _("Extreme fear")), (46, _("Fear")), (55, _("Neutral")), (76, _("Greed")))
    return next((word for bound, word in words if value < bound), _("Extreme greed"))
