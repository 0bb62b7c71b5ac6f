"""Which signals are asked for; the same in the API and in the address bar of the page."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from assets.engine.timeframe import Timeframe
from trading.models import (
    ExecutionStatus,
    ExecutionType,
    RiskLevel,
    SignalExecution,
    SignalStatus,
    SignalType,
    TradingSignal,
    Venue,
)


class SignalFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(
        choices=SignalStatus.choices, label=_("Status"), empty_label=_("All")
    )
    signal_type = django_filters.ChoiceFilter(
        choices=SignalType.choices, label=_("Direction"), empty_label=_("All")
    )
    risk_level = django_filters.ChoiceFilter(choices=RiskLevel.choices, label=_("Risk"), empty_label=_("All"))
    symbol = django_filters.CharFilter(field_name="asset__symbol", lookup_expr="iexact", label=_("Coin"))
    crypto_id = django_filters.NumberFilter(
        field_name="asset_id",
        min_value=1,
        max_value=2**63 - 1,
        decimal_places=0,
        label=_("Coin by its number"),
    )
    confidence_min = django_filters.NumberFilter(
        field_name="confidence_score",
        lookup_expr="gte",
        min_value=0,
        max_value=1,
        label=_("Confidence from (0 to 1)"),
    )
    timeframe = django_filters.ChoiceFilter(
        choices=[(length.value, length.value) for length in Timeframe], label=_("Bars"), empty_label=_("All")
    )

    class Meta:
        model = TradingSignal
        fields: list[str] = []


class ExecutionFilter(django_filters.FilterSet):
    venue = django_filters.ChoiceFilter(
        choices=[(Venue.PAPER.value, Venue.PAPER.label), (Venue.LIVE.value, Venue.LIVE.label)],
        label=_("Account"),
    )
    status = django_filters.ChoiceFilter(choices=ExecutionStatus.choices, label=_("Status"))
    execution_type = django_filters.ChoiceFilter(choices=ExecutionType.choices, label=_("How"))
    symbol = django_filters.CharFilter(
        field_name="signal__asset__symbol", lookup_expr="iexact", label=_("Coin")
    )
    signal_id = django_filters.NumberFilter(
        field_name="signal_id", min_value=1, max_value=2**63 - 1, decimal_places=0, label=_("Signal")
    )

    class Meta:
        model = SignalExecution
        fields: list[str] = []
