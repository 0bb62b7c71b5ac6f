"""The queue of suggestions: opens on what waits, the most urgent first, evidence beside each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cryptopredict.common.desk import UNKNOWN, RecordAdmin, lines, moment, pairs, percent, refusal, table
from cryptopredict.common.desk import spark as draw
from selection import selectors, services
from selection.admin import worth
from selection.admin.filters import ChanceFilter, ExpiryFilter, PriorityFilter, StatusFilter
from selection.forms import DecisionForm, grouped, refused
from selection.models import Decision, Suggestion, WatchlistAnalysis
from selection.serializers import reasoning
from selection.words import TIER_NAMES

HISTORY_ROWS = 14
MOST_URGENT = 2
REASONS = 2
TOLD = 20  # reasons, and coins of each, that are told; more are counted


class Queue(ChangeList):
    """A page of suggestions with the prices behind them, read for the whole page at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        paths = selectors.price_paths({row.asset_id for row in rows})
        for row in rows:
            row.path = paths.get(row.asset_id, [])
        self.result_list = rows


@admin.register(Suggestion)
class SuggestionAdmin(RecordAdmin):
    """The evidence is read-only; the three decisions are actions with a page that shows what will change."""

    actions = ["approve", "reject", "defer"]
    list_display = [
        "coin",
        "change",
        "spark",
        "chance",
        "scores",
        "strongest",
        "expires_at",
        "status_words",
    ]
    list_display_links = ["coin"]
    list_filter = [StatusFilter, "suggestion_type", PriorityFilter, ChanceFilter, ExpiryFilter]
    list_filter += ["asset__sector_name", "timeframe"]
    list_select_related = ["asset", "reviewed_by"]
    search_fields = ["asset__symbol", "asset__name"]
    ordering = list(selectors.URGENT)
    change_list_template = "admin/selection/suggestion/change_list.html"
    change_form_template = "admin/selection/suggestion/change_form.html"
    fields = [
        "coin",
        "change",
        "status_words",
        "chance",
        "spark",
        "why",
        "flip",
        "regime",
        "decisions",
        "expires_at",
        "as_of",
        "suggested_at",
        "figures",
        "history",
    ]
    readonly_fields = ["coin", "change", "chance", "spark", "why", "flip", "figures", "history", "regime"]
    readonly_fields += ["decisions", "suggested_at", "status_words"]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """What waits needs no column that says so."""
        names = list(super().get_list_display(request))
        return names if request.GET.get("status") else names[:-1]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Queue

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "waiting/",
                self.admin_site.admin_view(self.waiting),
                name="selection_suggestion_waiting",
            ),
            path(
                "worth/",
                self.admin_site.admin_view(self.worth),
                name="selection_suggestion_worth",
            ),
            path(
                "worth.csv",
                self.admin_site.admin_view(self.worth_csv),
                name="selection_suggestion_worth_csv",
            ),
        ]
        return own + super().get_urls()

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("selection.review_suggestion")

    def waiting(self, request: HttpRequest) -> JsonResponse:
        """How many wait, for the count that the page keeps up to date."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse({"waiting": selectors.pending_suggestions().count()})

    def worth(self, request: HttpRequest) -> HttpResponse:
        """What the decisions were worth."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return worth.page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def worth_csv(self, request: HttpRequest) -> HttpResponse:
        """The same, one row a decision."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return worth.file(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {**selectors.queue_frame(), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        extra = {"may_review": self.has_review_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    # What is shown

    @admin.display(description=mark_safe('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, row: Suggestion) -> SafeString:
        """Django's own, without a template for each row."""
        return format_html(
            '<input type="checkbox" name="_selected_action" value="{}" class="action-select" '
            'aria-label="{}">',
            row.pk,
            row.asset.symbol,
        )

    @admin.display(description=_("coin"), ordering="asset__symbol")
    def coin(self, row: Suggestion) -> SafeString:
        return format_html(
            '<b>{}</b> <span class="quiet">{}<br>{}</span>',
            row.asset.symbol,
            row.asset.name,
            row.asset.sector_name or _t("no sector"),
        )

    @admin.display(description=_("what would change"), ordering="suggestion_type")
    def change(self, row: Suggestion) -> SafeString:
        return format_html(
            '{}{}<br><span class="quiet">{} → {}</span>',
            row.get_suggestion_type_display(),
            _urgent() if row.priority == MOST_URGENT else "",
            TIER_NAMES[row.asset.watchlist_tier],
            TIER_NAMES[services.target(row)],
        )

    @admin.display(description=_("price, 60 days"))
    def spark(self, row: Any) -> SafeString | str:
        closes = getattr(row, "path", None)
        if closes is None:
            closes = selectors.price_paths([row.asset_id]).get(row.asset_id, [])
        label = _t("Price of %(symbol)s over 60 days") % {"symbol": row.asset.symbol}
        return draw(closes, label)

    @admin.display(description=_("chance"), ordering="confidence_score")
    def chance(self, row: Suggestion) -> SafeString | str:
        if row.confidence_score is None:
            return UNKNOWN
        return format_html(
            '{}<br><span class="quiet">{}</span>',
            percent(row.confidence_score),
            _t("base rate %(rate)s") % {"rate": percent(row.base_rate)},
        )

    @admin.display(description=_("scores"))
    def scores(self, row: Suggestion) -> SafeString | str:
        data = row.supporting_data
        return lines(
            [
                _t("7 days: %(score)s") % {"score": percent(data.get("score_7d"))},
                _t("30 days: %(score)s") % {"score": percent(data.get("score_30d"))},
            ]
        )

    @admin.display(description=_("strongest reasons"))
    def strongest(self, row: Suggestion) -> SafeString | str:
        return lines(reasoning(row, REASONS))

    @admin.display(description=_("why"))
    def why(self, row: Suggestion) -> SafeString | str:
        return lines(reasoning(row))

    @admin.display(description=_("what would flip it"))
    def flip(self, row: Suggestion) -> str:
        return selectors.flip_words(row) or UNKNOWN

    @admin.display(description=_("figures"))
    def figures(self, row: Suggestion) -> SafeString | str:
        return pairs({**row.supporting_data, **row.performance_metrics})

    @admin.display(description=_("market then"))
    def regime(self, row: Suggestion) -> str:
        return selectors.regime_words(row.as_of)

    @admin.display(description=_("status"), ordering="status")
    def status_words(self, row: Suggestion) -> str:
        words = row.get_status_display()
        if row.reviewed_by_id:
            return f"{words}, {row.reviewed_by}, {moment(row.reviewed_at)}"
        if row.deferred_until is not None:
            return _t("deferred until %(moment)s") % {"moment": moment(row.deferred_until)}
        return str(words)

    @admin.display(description=_("scores so far"))
    def history(self, row: Suggestion) -> SafeString | str:
        scores = WatchlistAnalysis.objects.filter(
            asset=row.asset_id, timeframe=row.timeframe, as_of__lte=row.as_of
        ).order_by("-as_of")[:HISTORY_ROWS]
        told = [
            (f"{each.as_of:%Y-%m-%d}", percent(each.score), percent(each.score_30d), each.rank or UNKNOWN)
            for each in scores
        ]
        return table([_t("close"), _t("score, 7 days"), _t("score, 30 days"), _t("rank")], told)

    @admin.display(description=_("decisions"))
    def decisions(self, row: Suggestion) -> SafeString | str:
        reviews = row.reviews.select_related("reviewer").order_by("reviewed_at")
        return lines(
            f"{moment(each.reviewed_at)} {each.get_decision_display()}, {each.reviewer}"
            f"{': ' if each.review_notes else ''}{each.review_notes}"
            for each in reviews
        )

    # What is decided

    @admin.action(description=_("Approve: carry the change out"), permissions=["review"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> HttpResponse | None:
        return self._decide(request, queryset, Decision.APPROVE)

    @admin.action(description=_("Reject"), permissions=["review"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> HttpResponse | None:
        return self._decide(request, queryset, Decision.REJECT)

    @admin.action(description=_("Defer"), permissions=["review"])
    def defer(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> HttpResponse | None:
        return self._decide(request, queryset, Decision.DEFER)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Suggestion], decision: Decision
    ) -> HttpResponse | None:
        """First the page that shows what will change, then, confirmed, the change."""
        confirmed = "confirmed" in request.POST
        ids = _chosen(request, queryset)
        form = DecisionForm(request.POST if confirmed else None, decision=decision)
        try:
            if confirmed and form.is_valid():
                answers = services.review_all(
                    ids=ids, reviewer=request.user, decision=decision, **form.cleaned_data
                )
                self._tell(request, answers, decision)
                return None
            return self._confirm(request, ids, decision, form)
        except (ValidationError, PermissionDenied) as error:
            self.message_user(request, refusal(error), messages.ERROR)
            return None

    def _confirm(
        self, request: HttpRequest, ids: list[int], decision: Decision, form: DecisionForm
    ) -> TemplateResponse:
        answers = services.foresee(ids=ids, reviewer=request.user, decision=decision)
        context = {
            **self.admin_site.each_context(request),
            "title": _t("%(decision)s: what will change") % {"decision": decision.label},
            "verb": decision.label,
            "opts": self.opts,
            "decision": decision,
            "form": form,
            "ids": ids,
            "changes": grouped([each for each in answers if each.is_done]),
            "refused": refused(answers),
            "count": sum(each.is_done for each in answers),
            "tier_fill": selectors.tier_fill(),
        }
        return TemplateResponse(request, "admin/selection/suggestion/confirm.html", context)

    def _tell(self, request: HttpRequest, answers: list[services.Outcome], decision: Decision) -> None:
        done = [each for each in answers if each.is_done]
        words = {
            Decision.APPROVE: ngettext(
                "%(count)d suggestion approved and carried out: %(which)s",
                "%(count)d suggestions approved and carried out: %(which)s",
                len(done),
            ),
            Decision.REJECT: ngettext(
                "%(count)d suggestion rejected: %(which)s",
                "%(count)d suggestions rejected: %(which)s",
                len(done),
            ),
            Decision.DEFER: ngettext(
                "%(count)d suggestion deferred: %(which)s",
                "%(count)d suggestions deferred: %(which)s",
                len(done),
            ),
        }[decision]
        if done:
            which = _which([each.symbol for each in done])
            self.message_user(request, words % {"count": len(done), "which": which}, messages.SUCCESS)
        reasons = refused(answers)
        for reason, symbols in reasons[:TOLD]:
            self.message_user(request, f"{_which(symbols)}: {reason}", messages.ERROR)
        if left := sum(len(symbols) for _reason, symbols in reasons[TOLD:]):
            more = _t("%(count)d more could not be carried out; they are still in the queue.")
            self.message_user(request, more % {"count": left}, messages.WARNING)


def _which(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:TOLD]) + (" …" if len(symbols) > TOLD else "")


def _chosen(request: HttpRequest, queryset: QuerySet[Suggestion]) -> list[int]:
    """Which suggestions are meant. What someone else has decided since is among them, so that it is told.

    The page that asks for confirmation sends them in one field: a thousand would be too many.
    """
    if request.POST.get("select_across") == "1" and "ids" not in request.POST:
        return list(queryset.values_list("pk", flat=True)[: services.MOST_AT_ONCE + 1])
    given = request.POST.get("ids", "").split(",") if "ids" in request.POST else None
    texts = request.POST.getlist("_selected_action") if given is None else given
    return [int(text) for text in texts if text.isascii() and text.isdigit()]


def _urgent() -> SafeString:
    return format_html(' <span class="urgent" title="{}">!</span>', _t("Someone may hold it."))
