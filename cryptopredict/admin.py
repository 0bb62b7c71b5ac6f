"""Runs, health and the settings, on the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
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

    tier1_max = forms.IntegerField(label=_("Places of tier 1"))
    tier2_max = forms.IntegerField(label=_("Places of tier 2"))
    suggestion_confidence_min = forms.FloatField(
        label=_("Least chance of suggestions"),
        help_text=_("From 0 to 1. Suggestions less likely to be right are not made."),
    )
    signal_confidence_min = forms.FloatField(
        label=_("Least chance of signals"),
        required=False,
        help_text=_("From 0 to 1. Empty: the break-even of each signal's geometry."),
    )
    per_hour = forms.IntegerField(
        label=_("Predictions an hour"),
        required=False,
        help_text=_("That people may ask of each model, together. Empty: no limit."),
    )

    class Meta:
        model = RuntimeSettings
        fields: list[str] = []

    PLACES = {
        "watchlist_limits": ("tier1_max", "tier2_max"),
        "ai_thresholds": ("suggestion_confidence_min", "signal_confidence_min"),
        "prediction_limits": ("per_hour",),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = configuration.read()
        for part, names in self.PLACES.items():
            for name in names:
                self.fields[name].initial = stored[part][name]

    def values(self) -> configuration.Values:
        """As the service takes them; what was not understood is left out."""
        given = self.cleaned_data
        return {
            part: {name: given[name] for name in names if name in given}
            for part, names in self.PLACES.items()
        }

    def clean(self) -> dict[str, Any]:
        """Each refusal of the service stands at its field."""
        cleaned: dict[str, Any] = super().clean() or {}
        for place, fault in configuration.faults(self.values()).items():
            self.add_error(place.rpartition(".")[2], capfirst(fault))
        return cleaned


@admin.register(RuntimeSettings)
class RuntimeSettingsAdmin(RefusalsAsMessages):
    """One row, so the list leads straight to it."""

    form = SettingsForm
    fields = ["tier1_max", "tier2_max", "suggestion_confidence_min", "signal_confidence_min", "per_hour"]
    fields += ["changed_by", "updated_at"]
    readonly_fields = ["changed_by", "updated_at"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        return HttpResponseRedirect(reverse("admin:cryptopredict_runtimesettings_change", args=[1]))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> RuntimeSettings | None:
        """The row; before the first change the defaults, unsaved."""
        found = super().get_object(request, object_id, from_field)
        return RuntimeSettings(pk=1, updated_at=None) if found is None and object_id == "1" else found

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RuntimeSettings, form: Any, change: bool) -> None:
        configuration.change(user=request.user, values=form.values())
