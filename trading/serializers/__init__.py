"""The wire shape of the layer, for the API and for events."""

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
    "CloseSerializer",
    "ExecuteSerializer",
    "ExecutionSerializer",
    "PreviewSerializer",
    "Price",
    "RiskCoverageSerializer",
    "SignalDetailSerializer",
    "SignalSerializer",
    "SizingSerializer",
]
