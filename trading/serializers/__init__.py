"""The wire shape of the layer, for the API and for events."""

from trading.serializers.backtests import (
    AskSerializer,
    BacktestDetailSerializer,
    BacktestSerializer,
    report_as_json,
)
from trading.serializers.signals import Price, SignalSerializer

__all__ = [
    "AskSerializer",
    "BacktestDetailSerializer",
    "BacktestSerializer",
    "Price",
    "SignalSerializer",
    "report_as_json",
]
