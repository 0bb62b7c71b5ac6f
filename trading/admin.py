"""Signals and candidates to look at, limits to edit; signals can be called off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cryptopredict.common.desk import RecordAdmin, RefusalsAsMessages
from trading import services
from trading.models import (
    Backtest,
    PortfolioAssetAnalysis,
    RiskProfile,
    SignalCandidate,
    SignalExecution,
    TradingSignal,
)


@admin.register(TradingSignal)
class TradingSignalAdmin(RecordAdmin):
    list_display = [
        "generated_at",
        "asset",
        "signal_type",
        "status",
        "confidence_score",
        "break_even",
        "expected_value",
        "outcome",
        "return_r",
        "origin",
    ]
    list_filter = ["status", "outcome", "signal_type", "risk_level", "timeframe", "origin"]
    list_select_related = ["asset", "model", "generated_by", "cancelled_by"]
    search_fields = ["asset__symbol", "asset__name"]
    date_hierarchy = "generated_at"
    ordering = ["-generated_at", "-id"]
    actions = ["cancel"]

    @admin.action(description=_("Cancel the selected signals"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[TradingSignal]) -> None:
        done = 0
        for signal in queryset.select_related("asset"):
            try:
                services.cancel(signal, request.user)
                done += 1
            except ValidationError as error:
                self.message_user(request, f"{signal}: {' '.join(error.messages)}", messages.ERROR)
        if done:
            text = ngettext("%d signal was cancelled.", "%d signals were cancelled.", done)
            self.message_user(request, text % done, messages.SUCCESS)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(SignalCandidate)
class SignalCandidateAdmin(RecordAdmin):
    list_display = [
        "as_of",
        "asset",
        "signal_type",
        "probability",
        "break_even",
        "expected_value",
        "is_issued",
        "refusal",
        "outcome",
        "return_r",
    ]
    list_filter = ["is_issued", "refusal", "outcome", "signal_type", "timeframe", "origin"]
    list_select_related = ["asset"]
    search_fields = ["asset__symbol", "asset__name"]
    date_hierarchy = "as_of"
    ordering = ["-as_of", "id"]


@admin.register(SignalExecution)
class SignalExecutionAdmin(RecordAdmin):
    list_display = [
        "executed_at",
        "user",
        "signal",
        "venue",
        "status",
        "execution_price",
        "position_size",
        "fees",
    ]
    list_filter = ["venue", "status", "execution_type"]
    list_select_related = ["user", "signal__asset"]
    search_fields = ["user__email", "signal__asset__symbol", "idempotency_key"]
    ordering = ["-executed_at", "-id"]


@admin.register(PortfolioAssetAnalysis)
class PortfolioAssetAnalysisAdmin(RecordAdmin):
    list_display = ["as_of", "holding_id", "advice", "confidence_score", "signal", "origin"]
    list_filter = ["advice", "timeframe", "origin"]
    list_select_related = ["signal__asset"]
    ordering = ["-as_of", "-id"]


class RiskProfileForm(forms.ModelForm):
    """Asks the service before it is asked to store, so that each refusal stands at its field."""

    class Meta:
        model = RiskProfile
        fields = ["user", *services.LIMITS]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        given = {name: cleaned[name] for name in services.LIMITS if name in cleaned}
        for name, fault in services.profile_faults(given).items():
            self.add_error(name, fault)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """The service knows the ranges too, and says in words what is wrong."""
        return {*super()._get_validation_exclusions(), *services.LIMITS}


@admin.register(RiskProfile)
class RiskProfileAdmin(RefusalsAsMessages):
    """A person's limits stay as long as the person: they are changed, not deleted."""

    form = RiskProfileForm
    list_display = ["user", "max_position_size", "max_portfolio_risk", "max_open_risk", "max_daily_loss"]
    list_display += ["follows_regime", "is_automatic", "updated_at"]
    list_filter = ["follows_regime", "is_automatic"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    raw_id_fields = ["user"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["user"] if obj else []

    def save_model(self, request: HttpRequest, obj: RiskProfile, form: Any, change: bool) -> None:
        limits = {name: form.cleaned_data[name] for name in services.LIMITS}
        saved = services.set_profile(user=obj.user, by=request.user, **limits)
        obj.pk = saved.pk

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Backtest)
class BacktestAdmin(RecordAdmin):
    """Backtests that were asked for; the report itself has a page."""

    list_display = [
        "created_at",
        "timeframe",
        "since",
        "until",
        "status",
        "percent",
        "variants_tried",
        "requested_by",
        "finished_at",
    ]
    list_filter = ["status", "timeframe"]
    list_select_related = ["requested_by"]
    search_fields = ["requested_by__email", "error"]
    ordering = ["-created_at", "-id"]
    exclude = ["report", "progress"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Backtest]:
        return super().get_queryset(request).defer("report")

    @admin.display(description=_("progress"))
    def percent(self, backtest: Backtest) -> str:
        return f"{round(100 * backtest.progress)} %"
