"""Where administrators decide: the queue of suggestions and the tiers. Services make every change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from selection import selectors, services
from selection.models import (
    Decision,
    Portfolio,
    PortfolioAnalysis,
    PortfolioAsset,
    PortfolioFlow,
    PortfolioTrade,
    RebalanceProposal,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
    Watchlist,
    WatchlistAnalysis,
    WatchlistItem,
    WatchlistType,
)
from selection.serializers import in_words, reasoning

HISTORY_ROWS = 14
UNKNOWN = "—"
EVERY = "all"


class ReadOnlyAdmin(admin.ModelAdmin):
    """Records: to be read, never to be written by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefusalsAsMessages(admin.ModelAdmin):
    """What a service refuses is told to the person; the whole save is undone."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        parent = super()
        return self._told(request, lambda: parent.changelist_view(request, extra_context))

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        parent = super()
        return self._told(
            request, lambda: parent.changeform_view(request, object_id, form_url, extra_context)
        )

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        parent = super()
        return self._told(request, lambda: parent.delete_view(request, object_id, extra_context))

    def _told(self, request: HttpRequest, answer: Any) -> HttpResponse:
        try:
            return answer()
        except ValidationError as error:
            for text in error.messages:
                self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


class StatusFilter(admin.SimpleListFilter):
    """Pending unless another status, or all, is asked for."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(EVERY, _("All")), *SuggestionStatus.choices]

    def value(self) -> str:
        return super().value() or SuggestionStatus.PENDING

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() == EVERY else queryset.filter(status=self.value())

    def choices(self, changelist: Any) -> Iterable[dict[str, Any]]:
        for lookup, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(lookup),
                "query_string": changelist.get_query_string({self.parameter_name: lookup}),
                "display": title,
            }


class ReviewForm(ActionForm):
    """The note that a decision is kept with."""

    notes = forms.CharField(label=_("Notes:"), required=False, max_length=2000)


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin):
    """The queue. Opens on what is pending, most urgent first; the evidence is read-only."""

    action_form = ReviewForm
    actions = ["approve", "reject", "defer"]
    list_display = [
        "asset",
        "suggestion_type",
        "chance",
        "base",
        "priority",
        "strongest",
        "as_of",
        "expires_at",
        "deferred_until",
        "status",
    ]
    list_filter = [StatusFilter, "suggestion_type", "priority", "timeframe"]
    list_select_related = ["asset", "reviewed_by"]
    list_per_page = 50
    search_fields = ["asset__symbol", "asset__name"]
    ordering = ["-priority", "-confidence_score", "pk"]
    date_hierarchy = "as_of"
    fields = [
        ("asset", "suggestion_type", "status"),
        ("chance", "base", "priority"),
        "why",
        "figures",
        "history",
        ("timeframe", "as_of", "suggested_at", "expires_at", "deferred_until"),
        ("reviewed_by", "reviewed_at"),
        "decisions",
    ]
    readonly_fields = ["chance", "base", "why", "figures", "history", "decisions", "suggested_at"]

    @admin.display(description=_("chance to be right"), ordering="confidence_score")
    def chance(self, row: Suggestion) -> str:
        return percent(row.confidence_score)

    @admin.display(description=_("base rate"), ordering="base_rate")
    def base(self, row: Suggestion) -> str:
        return percent(row.base_rate)

    @admin.display(description=_("strongest reason"))
    def strongest(self, row: Suggestion) -> str:
        return next(iter(reasoning(row)), UNKNOWN)

    @admin.display(description=_("why"))
    def why(self, row: Suggestion) -> SafeString | str:
        return lines(reasoning(row))

    @admin.display(description=_("figures"))
    def figures(self, row: Suggestion) -> SafeString | str:
        return pairs({**row.supporting_data, **row.performance_metrics})

    @admin.display(description=_("scores so far"))
    def history(self, row: Suggestion) -> SafeString | str:
        scores = WatchlistAnalysis.objects.filter(
            asset=row.asset_id, timeframe=row.timeframe, as_of__lte=row.as_of
        ).order_by("-as_of")[:HISTORY_ROWS]
        told = [
            (f"{each.as_of:%Y-%m-%d}", percent(each.score), percent(each.score_30d), each.rank or UNKNOWN)
            for each in scores
        ]
        return table([_("close"), _("score, 7 days"), _("score, 30 days"), _("rank")], told)

    @admin.display(description=_("decisions"))
    def decisions(self, row: Suggestion) -> SafeString | str:
        reviews = row.reviews.select_related("reviewer").order_by("reviewed_at")
        return lines(
            f"{each.reviewed_at:%Y-%m-%d %H:%M} {each.get_decision_display()}, {each.reviewer}"
            f"{': ' if each.review_notes else ''}{each.review_notes}"
            for each in reviews
        )

    @admin.action(description=_("Approve: carry the change out"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> None:
        self._decide(request, queryset, Decision.APPROVE, _("approved and carried out"))

    @admin.action(description=_("Reject"))
    def reject(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> None:
        self._decide(request, queryset, Decision.REJECT, _("rejected"))

    @admin.action(description=_("Defer by a week"))
    def defer(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> None:
        self._decide(request, queryset, Decision.DEFER, _("deferred by a week"))

    def _decide(self, request: HttpRequest, queryset: QuerySet[Suggestion], decision: str, done: Any) -> None:
        """One transaction a row: what can be done is done, and each row says what became of it."""
        notes = request.POST.get("notes", "")
        for row in queryset.select_related("asset"):
            what = f"{row.asset.symbol}, {row.get_suggestion_type_display()}"
            try:
                services.review(suggestion=row, reviewer=request.user, decision=decision, notes=notes)
            except (ValidationError, PermissionDenied) as error:
                text = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
                self.message_user(request, f"{what}: {text}", messages.ERROR)
            else:
                self.message_user(request, f"{what}: {done}", messages.SUCCESS)


@admin.register(Watchlist)
class WatchlistAdmin(RefusalsAsMessages):
    """The lists with how many coins each holds; name and limit may be changed."""

    list_display = ["name", "type", "tier", "user", "current_items", "max_items", "is_active", "updated_at"]
    list_filter = ["type", "tier", "is_active"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]
    ordering = ["type", "pk"]
    fields = ["name", "description", "max_items", "type", "tier", "user", "current_items", "is_active"]
    readonly_fields = ["type", "tier", "user", "current_items", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watchlist]:
        return selectors.counted(super().get_queryset(request))

    @admin.display(description=_("coins"), ordering="current_items")
    def current_items(self, row: Any) -> int:
        return int(row.current_items)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or obj.type != WatchlistType.PERSONAL or obj.user_id == request.user.pk

    def save_model(self, request: HttpRequest, obj: Watchlist, form: Any, change: bool) -> None:
        services.list_change(watchlist=obj, user=request.user)


@admin.register(WatchlistItem)
class WatchlistItemAdmin(RefusalsAsMessages):
    """Who is on the administrators' lists; the tier is edited in the list itself."""

    list_display = ["asset", "tier", "watchlist", "status", "priority_order", "added_by", "added_at"]
    list_editable = ["tier"]
    list_filter = ["tier", "status"]
    list_select_related = ["asset", "watchlist", "added_by"]
    search_fields = ["asset__symbol", "asset__name"]
    raw_id_fields = ["asset"]
    ordering = ["tier", "priority_order", "pk"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[WatchlistItem]:
        return super().get_queryset(request).filter(watchlist__type=WatchlistType.ADMIN)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["asset", "tier"] if obj is None else ["asset", "tier", "watchlist", "status", "added_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["asset", "watchlist", "status", "added_by"]

    def save_model(self, request: HttpRequest, obj: WatchlistItem, form: Any, change: bool) -> None:
        services.set_tier(asset=obj.asset, tier=obj.tier, user=request.user)
        obj.pk = selectors.tier_item(obj.asset).pk

    def delete_model(self, request: HttpRequest, obj: WatchlistItem) -> None:
        services.item_remove(item=obj, user=request.user)


@admin.register(WatchlistAnalysis)
class WatchlistAnalysisAdmin(ReadOnlyAdmin):
    """Scores, newest first."""

    list_display = ["asset", "as_of", "timeframe", "rank", "score", "score_30d", "confidence_score"]
    list_display += ["base_rate", "risk_level", "recommendation", "origin"]
    list_filter = ["recommendation", "risk_level", "timeframe", "origin"]
    list_select_related = ["asset"]
    search_fields = ["asset__symbol"]
    ordering = ["-as_of", "rank", "pk"]
    date_hierarchy = "as_of"
    show_full_result_count = False
    exclude = ["drivers"]
    readonly_fields = ["why"]

    @admin.display(description=_("why"))
    def why(self, row: WatchlistAnalysis) -> SafeString | str:
        return lines(in_words(driver) for driver in row.drivers)


@admin.register(SuggestionReview)
class SuggestionReviewAdmin(ReadOnlyAdmin):
    """Who decided what, and why."""

    list_display = ["suggestion", "decision", "target_tier", "reviewer", "reviewed_at", "review_notes"]
    list_filter = ["decision", "target_tier"]
    list_select_related = ["suggestion__asset", "reviewer"]
    search_fields = ["suggestion__asset__symbol", "reviewer__email"]
    ordering = ["-reviewed_at", "-pk"]


@admin.register(Portfolio)
class PortfolioAdmin(ReadOnlyAdmin):
    """Whose portfolios there are; their owners change them."""

    list_display = ["name", "user", "cash", "is_active", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]


@admin.register(PortfolioAsset)
class PortfolioAssetAdmin(ReadOnlyAdmin):
    """Holdings."""

    list_display = ["portfolio", "asset", "quantity", "cost_basis", "opened_at"]
    list_select_related = ["portfolio", "asset"]
    search_fields = ["asset__symbol", "portfolio__user__email"]


@admin.register(PortfolioTrade)
class PortfolioTradeAdmin(ReadOnlyAdmin):
    """Fills as they were booked."""

    list_display = ["executed_at", "portfolio", "asset", "side", "quantity", "price", "fees", "source"]
    list_select_related = ["portfolio", "asset"]
    list_filter = ["source", "side"]
    search_fields = ["asset__symbol", "portfolio__user__email"]
    ordering = ["-executed_at", "-pk"]


@admin.register(PortfolioFlow)
class PortfolioFlowAdmin(ReadOnlyAdmin):
    """Money put in and taken out."""

    list_display = ["occurred_at", "portfolio", "amount", "reason"]
    list_select_related = ["portfolio"]
    ordering = ["-occurred_at", "-pk"]


@admin.register(RebalanceProposal)
class RebalanceProposalAdmin(ReadOnlyAdmin):
    """Rebalancings that were asked for."""

    list_display = ["requested_at", "portfolio", "status", "reason"]
    list_select_related = ["portfolio"]
    list_filter = ["status"]
    ordering = ["-requested_at", "-pk"]


@admin.register(PortfolioAnalysis)
class PortfolioAnalysisAdmin(ReadOnlyAdmin):
    """What portfolios were worth."""

    list_display = ["portfolio", "as_of", "total_value", "unrealised_pnl", "daily_pnl", "origin"]
    list_select_related = ["portfolio"]
    list_filter = ["timeframe", "origin"]
    ordering = ["-as_of", "pk"]


def percent(share: float | None) -> str:
    """A share as a whole percentage."""
    return UNKNOWN if share is None else f"{round(100 * share)} %"


def lines(texts: Iterable[str]) -> SafeString | str:
    """Texts one below the other."""
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in texts)) or UNKNOWN


def pairs(values: dict[str, Any]) -> SafeString | str:
    """Named figures one below the other."""
    return lines(
        f"{name.replace('_', ' ')}: {UNKNOWN if value is None else _short(value)}"
        for name, value in values.items()
    )


def table(head: list[Any], rows: list[tuple[Any, ...]]) -> SafeString | str:
    """A small table; a dash where there are no rows."""
    if not rows:
        return _t("none stored")
    top = format_html_join("", "<th>{}</th>", ((cell,) for cell in head))
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((c,) for c in row)),) for row in rows)
    )
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", top, body)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
