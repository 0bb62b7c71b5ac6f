"""The wire shape of the layer, for the API and for events."""

from trading.serializers.backtests import (
    AskSerializer,
    BacktestDetailSerializer,
    BacktestSerializer,
    Variant,
    report_as_json,
)
from trading.serializers.executions import (
    CloseSerializer,
    ExecuteSerializer,
    ExecutionSerializer,
    PreviewSerializer,
    SizingSerializer,
)
from trading.serializers.signals import (
    Price,
    RiskCoverageSerializer,
    SignalDetailSerializer,
    SignalSerializer,
)

__all__ = [
    "AskSerializer",
    "BacktestDetailSerializer",
    "BacktestSerializer",
    "CloseSerializer",
    "ExecuteSerializer",
    "ExecutionSerializer",
    "PreviewSerializer",
    "Price",
    "RiskCoverageSerializer",
    "SignalDetailSerializer",
    "SignalSerializer",
    "SizingSerializer",
    "Variant",
    "report_as_json",
]
