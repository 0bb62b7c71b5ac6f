"""What signals were worth, and the signals behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aimodels.models import AIModel
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common import restapi
from trading import selectors
from trading.serializers import Price

FIRST = datetime(2009, 1, 1, tzinfo=UTC)
BARS = [t.value for t in Timeframe if t not in (Timeframe.WEEK, Timeframe.MONTH)]


class SignalPerformanceSerializer(serializers.Serializer[Any]):
    """Figures of one origin; shares of 1; null is what cannot be said."""

    timeframe = serializers.CharField()
    model = serializers.CharField()
    origin = serializers.ChoiceField(choices=Origin.choices)
    ended_by_origin = serializers.DictField(child=serializers.IntegerField())
    as_of = serializers.DateTimeField(allow_null=True)
    total_signals = serializers.IntegerField()
    successful_signals = serializers.IntegerField()
    success_rate = serializers.FloatField(allow_null=True)
    average_return = serializers.FloatField(allow_null=True)
    best_performing_model = serializers.CharField(allow_null=True)
    best_performing_model_reason = serializers.CharField(allow_blank=True)
    performance_by_risk_level = serializers.DictField()
    figures = serializers.DictField()
    portfolio = serializers.DictField(allow_null=True)
    by_model = serializers.DictField()
    by_regime = serializers.DictField()
    by_sector = serializers.DictField()
    by_direction = serializers.DictField()
    by_confidence = serializers.ListField()
    rivals = serializers.DictField()


class PerformanceQuery(serializers.Serializer[Any]):
    """Which signals the figures are of."""

    timeframe = serializers.ChoiceField(
        list(selectors.SPANS), default="30d", help_text=_l("Signals that ended within.")
    )
    model = serializers.CharField(default="all", max_length=100, help_text=_l("A model's name, or all."))
    origin = serializers.ChoiceField(
        Origin.choices,
        default=None,
        allow_null=True,
        help_text=_l("Live or replay; live where any live signal has ended. They are never mixed."),
    )
    bars = serializers.ChoiceField(BARS, default=Timeframe.DAY.value, help_text=_l("The length of a bar."))
    as_of = restapi.MomentField(help_text=_l("What was known then; by default the last close."))

    def validate_model(self, value: str) -> str:
        """The name, empty for all; raises ValidationError for one that no model has."""
        if value in ("", "all"):
            return ""
        if not AIModel.objects.filter(name=value).exists():
            raise serializers.ValidationError(_("is not the name of a model"))
        return value

    def validate_as_of(self, value: datetime | None) -> datetime | None:
        """A moment at which there could be a market."""
        if value is not None and value < FIRST:
            raise serializers.ValidationError(_("lies before any market"))
        return value


class Asked(restapi.View):
    """The span a request asks for."""

    role = "casual"
    keeps = True
    query_class = PerformanceQuery

    def span(self) -> selectors.Span:
        """The span; `self.stand` is how things stand, with the ended signals by origin."""
        asked = self.asked()
        self.stand = selectors.stand(Timeframe(asked["bars"]))
        return self.stand.span(
            asked["timeframe"], origin=asked["origin"], model=asked["model"], as_of=asked["as_of"]
        )


class Performance(Asked):
    """What the signals of a span were worth."""

    serializer_class = SignalPerformanceSerializer

    @extend_schema(responses=SignalPerformanceSerializer)
    def get(self, request: Request) -> Response:
        """Answer the figures of the signals that ended in the span, of one origin."""
        span = self.span()
        document = {
            "timeframe": request.query_params.get("timeframe", "30d"),
            "model": span.model or "all",
            "origin": span.origin.value,
            "ended_by_origin": self.stand.ended,
            "as_of": span.as_of,
            **selectors.worked_out(span, self.stand),
        }
        return Response(document)


class EndedSerializer(serializers.Serializer[Any]):
    """One ended signal behind the figures."""

    id = serializers.IntegerField(source="pk")
    symbol = serializers.CharField(source="asset__symbol")
    signal_type = serializers.CharField()
    generated_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField()
    entry_price = Price()
    target_price = Price()
    stop_loss = Price()
    exit_price = Price()
    confidence_score = serializers.FloatField()
    base_rate = serializers.FloatField(allow_null=True)
    risk_level = serializers.CharField()
    outcome = serializers.CharField()
    return_r = serializers.FloatField()
    model_name = serializers.CharField(allow_null=True)
    regime = serializers.CharField(allow_null=True)
    sector = serializers.CharField(allow_null=True)


class PerformanceSignals(Asked):
    """The signals behind the figures, as a list or (`format=csv`) a CSV."""

    lists = True
    serializer_class = EndedSerializer

    @extend_schema(responses=EndedSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Answer the signals that ended in the span, in order of their ends."""
        span = self.span()
        return Response(EndedSerializer(selectors.rows_of(span), many=True).data)


urlpatterns = [
    path("layer4/performance", Performance.as_view(), name="api_performance"),
    path("layer4/performance/signals", PerformanceSignals.as_view(), name="api_performance_signals"),
]
