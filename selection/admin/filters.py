"""Filters of the queue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from selection import selectors
from selection.models import SuggestionStatus

EVERY = "all"
DEFERRED = "deferred"


class StatusFilter(admin.SimpleListFilter):
    """What waits, unless another status, or all, is asked for."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(EVERY, _("All")), (DEFERRED, _("Deferred")), *SuggestionStatus.choices]

    def value(self) -> str:
        return super().value() or SuggestionStatus.PENDING

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == EVERY:
            return queryset
        if self.value() == SuggestionStatus.PENDING:
            return queryset.filter(selectors.waiting())
        if self.value() == DEFERRED:
            return queryset.filter(status=SuggestionStatus.PENDING, deferred_until__gt=Now())
        return queryset.filter(status=self.value())

    def choices(self, changelist: Any) -> Iterable[dict[str, Any]]:
        for lookup, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(lookup),
                "query_string": changelist.get_query_string({self.parameter_name: lookup}),
                "display": title,
            }


class ChoiceFilter(admin.SimpleListFilter):
    """A filter whose choices are conditions."""

    conditions: dict[str, tuple[Any, Q]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(key, words) for key, (words, _condition) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = self.conditions.get(self.value() or "")
        return queryset.filter(found[1]) if found else queryset


class PriorityFilter(ChoiceFilter):
    title = _("priority")
    parameter_name = "priority"
    conditions = {
        "high": (_("High: may be held and should be left"), Q(priority=2)),
        "normal": (_("Normal: the first tier"), Q(priority=1)),
        "low": (_("Low: the second tier"), Q(priority=0)),
    }


class ChanceFilter(ChoiceFilter):
    title = _("chance to be right")
    parameter_name = "chance"
    conditions = {
        "70": (_("70 % and more"), Q(confidence_score__gte=0.7)),
        "60": (_("60 % and more"), Q(confidence_score__gte=0.6)),
        "unknown": (_("Not known"), Q(confidence_score=None)),
    }


class ExpiryFilter(ChoiceFilter):
    title = _("expiry")
    parameter_name = "expires"
    conditions = {
        "day": (_("Within a day"), Q(expires_at__lte=Now() + timedelta(days=1))),
        "three": (_("Within three days"), Q(expires_at__lte=Now() + timedelta(days=3))),
    }
