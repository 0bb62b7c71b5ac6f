"""Which signals are asked for; the same in the API and in the address bar of the page."""

from __future__ import annotations

from datetime import datetime

import django_filters
from django.db.models import Case, F, QuerySet, When
from django.utils.translation import gettext_lazy as _

from assets.engine.timeframe import Timeframe
from cryptopredict.common import restapi
from trading import selectors
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
    as_of = restapi.MomentFilter(method="known_at", label=_("As it was known at"))
    status = django_filters.ChoiceFilter(
        choices=SignalStatus.choices, label=_("Status"), empty_label=_("All"), method="stood"
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

    def known_at(self, rows: QuerySet[TradingSignal], name: str, moment: datetime) -> QuerySet[TradingSignal]:
        """Signals that had been issued then, each as it stood then."""
        return selectors.as_known(rows, moment)

    def stood(self, rows: QuerySet[TradingSignal], name: str, status: str) -> QuerySet[TradingSignal]:
        """By the status now, or with `as_of` by the one then."""
        moment = self.form.cleaned_data.get("as_of")
        return rows.filter(status=status) if moment is None else rows.filter(status_then=status)


class ExecutionFilter(django_filters.FilterSet):
    as_of = restapi.MomentFilter(field_name="executed_at", method="known_at", label=_("As it was known at"))
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

    def known_at(
        self, rows: QuerySet[SignalExecution], name: str, moment: datetime
    ) -> QuerySet[SignalExecution]:
        """Fills made by then; a position that was closed later was open."""
        return rows.filter(executed_at__lte=moment).annotate(
            closed_then=Case(When(closed_at__lte=moment, then=F("closed_at")))
        )
