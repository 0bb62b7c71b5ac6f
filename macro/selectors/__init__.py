"""What others read of layer 1: exposure and regimes for computing, readings and their age for showing."""

from assets.selectors import stale_reason
from macro.selectors.charts import dominance_chart, mood_chart, regime_chart
from macro.selectors.dashboard import card
from macro.selectors.overview import macro_step, overview
from macro.selectors.readings import (
    latest_dominance,
    latest_forecast,
    latest_regime,
    latest_sentiment,
    regime_history,
    regimes_of_days,
)
from macro.selectors.record import HORIZONS as FORECAST_HORIZONS
from macro.selectors.record import forecast_by_month, forecast_diagram, forecast_record
from macro.selectors.series import exposures, market_series, regimes, rows_needed

__all__ = [
    "FORECAST_HORIZONS",
    "card",
    "dominance_chart",
    "exposures",
    "forecast_by_month",
    "forecast_diagram",
    "forecast_record",
    "latest_dominance",
    "latest_forecast",
    "latest_regime",
    "latest_sentiment",
    "macro_step",
    "market_series",
    "mood_chart",
    "overview",
    "regime_chart",
    "regime_history",
    "regimes",
    "regimes_of_days",
    "rows_needed",
    "stale_reason",
]
