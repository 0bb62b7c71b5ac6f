"""Runs, health and the settings, on the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from cryptopredict import configuration
from cryptopredict.common.desk import RecordAdmin, RefusalsAsMessages, table
from cryptopredict.models import PipelineRun, RuntimeSettings, SystemHealth


@admin.register(PipelineRun)
class PipelineRunAdmin(RecordAdmin):
    """What ran, on which bars, how long, and what failed."""

    list_display = ["started_at", "timeframe", "since", "as_of", "status", "rows", "seconds", "error"]
    list_filter = ["status", "timeframe"]
    search_fields = ["error"]
    ordering = ["-started_at", "-pk"]
    exclude = ["stages"]
    readonly_fields = ["stage_table"]

    @admin.display(description=_("stages"))
    def stage_table(self, run: PipelineRun) -> SafeString | str:
        names = ("stage", "rows", "queries", "seconds", "error")
        rows = [tuple(stage.get(name, "") for name in names) for stage in run.stages]
        return table([_t("stage"), _t("rows"), _t("queries"), _t("seconds"), _t("error")], rows)


@admin.register(SystemHealth)
class SystemHealthAdmin(RecordAdmin):
    """Checks of the whole system, newest first."""

    list_display = ["check_time", "overall_health_score"]
    ordering = ["-check_time", "-pk"]


class SettingsForm(forms.ModelForm):
    """All that may be changed while the system runs, in one place."""

    tier1_max = forms.IntegerField(label=_("places of tier 1"), min_value=0)
    tier2_max = forms.IntegerField(label=_("places of tier 2"), min_value=0)

    class Meta:
        model = RuntimeSettings
        fields = ["suggestion_confidence_min", "signal_confidence_min"]
        help_texts = {
            "suggestion_confidence_min": _("Suggestions less likely to be right are not made."),
            "signal_confidence_min": _("Empty: the break-even of each signal's geometry."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in configuration.read()["watchlist_limits"].items():
            self.fields[name].initial = value


@admin.register(RuntimeSettings)
class RuntimeSettingsAdmin(RefusalsAsMessages):
    """One row, so the list leads straight to it."""

    form = SettingsForm
    fields = ["tier1_max", "tier2_max", "suggestion_confidence_min", "signal_confidence_min"]
    fields += ["changed_by", "updated_at"]
    readonly_fields = ["changed_by", "updated_at"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        RuntimeSettings.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:cryptopredict_runtimesettings_change", args=[1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RuntimeSettings, form: Any, change: bool) -> None:
        given = form.cleaned_data
        names = ("suggestion_confidence_min", "signal_confidence_min")
        configuration.change(
            user=request.user,
            values={
                "watchlist_limits": {name: given[name] for name in ("tier1_max", "tier2_max")},
                "ai_thresholds": {name: given[name] for name in names},
            },
        )
