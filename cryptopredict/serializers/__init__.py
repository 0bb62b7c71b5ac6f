"""The wire shape of what is no single layer's."""

from cryptopredict.serializers.layers import (
    DashboardSerializer,
    LayerCardSerializer,
    LayerSerializer,
    QuickStatsSerializer,
    SignalCardSerializer,
)
from cryptopredict.serializers.operations import ConfigSerializer, HealthSerializer, PipelineRunSerializer
from cryptopredict.serializers.people import (
    ActivityQuery,
    ActivitySerializer,
    AuditQuery,
    AuditSerializer,
    UserBody,
    UserQuery,
    UserSerializer,
)

__all__ = [
    "ActivityQuery",
    "ActivitySerializer",
    "AuditQuery",
    "AuditSerializer",
    "ConfigSerializer",
    "DashboardSerializer",
    "HealthSerializer",
    "LayerCardSerializer",
    "LayerSerializer",
    "PipelineRunSerializer",
    "QuickStatsSerializer",
    "SignalCardSerializer",
    "UserBody",
    "UserQuery",
    "UserSerializer",
]
