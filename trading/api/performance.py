"""What signals were worth, and the signals behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
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
SPANS = {"7d": 7, "30d": 30, "90d": 90, "180d": 180, "365d": 365, "all": None}


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


class Asked(restapi.View):
    """The span a request asks for: `timeframe=30d`, `model=all`, `origin=live`, `bars=1d`, `as_of`."""

    role = "casual"
    query_parameters = ("timeframe", "model", "origin", "bars", "as_of")

    def span(self, request: Request) -> tuple[selectors.Span, str]:
        """The span, and the name it was asked by."""
        asked = request.query_params
        name = asked.get("timeframe", "30d")
        if name not in SPANS:
            raise restapi.Refusal(
                "timeframe", name, _("is not a span"), _("Send one of %s.") % ", ".join(SPANS)
            )
        bars = asked.get("bars", Timeframe.DAY.value)
        if bars not in {t.value for t in Timeframe} - {Timeframe.WEEK.value, Timeframe.MONTH.value}:
            raise restapi.Refusal("bars", bars, _("is not a bar length"), _("Send 1d, 4h or 1h."))
        length = Timeframe(bars)
        as_of = self.moment(asked.get("as_of"))
        last = as_of or selectors.last_told(length) or timezone.now()
        return (
            selectors.Span(length, last, SPANS[name], self.origin(length), self.model(asked.get("model"))),
            name,
        )

    def origin(self, timeframe: Timeframe) -> Origin:
        """Asked for, or live where any live signal has ended and replay where none has."""
        self.ended = selectors.origins(timeframe)
        given = self.request.query_params.get("origin")
        if given is None:
            return Origin.LIVE if self.ended[Origin.LIVE] else Origin.REPLAY
        if given not in Origin.values:
            raise restapi.Refusal("origin", given, _("is no origin"), _("Send live or replay."))
        return Origin(given)

    def model(self, given: str | None) -> str:
        """The name of a model; empty for all."""
        if given in (None, "", "all"):
            return ""
        if not AIModel.objects.filter(name=given).exists():
            mend = _("Send all, or the name of a model as the list of models has it.")
            raise restapi.Refusal("model", given, _("is not the name of a model"), mend)
        return str(given)

    def moment(self, given: str | None) -> datetime | None:
        """A moment that is not in the future."""
        if given is None:
            return None
        try:
            found: datetime = restapi.MomentField().run_validation(given)
        except serializers.ValidationError as error:
            mend = _("Send an ISO 8601 time that has passed, such as 2024-12-31T00:00:00Z.")
            raise restapi.Refusal("as_of", given, str(error.detail[0]), mend) from error
        if found < FIRST:
            mend = _("Send a moment from %d on.") % FIRST.year
            raise restapi.Refusal("as_of", given, _("lies before any market"), mend)
        return found


class Performance(Asked):
    """What the signals of a span were worth."""

    serializer_class = SignalPerformanceSerializer

    @extend_schema(responses=SignalPerformanceSerializer)
    def get(self, request: Request) -> Response:
        """Answer the figures of the signals that ended in the span, of one origin."""
        span, name = self.span(request)
        told = selectors.performance(span)
        document = {
            "timeframe": name,
            "model": span.model or "all",
            "origin": span.origin.value,
            "ended_by_origin": self.ended,
            "as_of": span.as_of,
            **told,
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
        span, _name = self.span(request)
        return Response(EndedSerializer(selectors.rows_of(span), many=True).data)


urlpatterns = [
    path("layer4/performance", Performance.as_view(), name="api_performance"),
    path("layer4/performance/signals", PerformanceSignals.as_view(), name="api_performance_signals"),
]
