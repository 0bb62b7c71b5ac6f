"""Records of layer 3: to be read, never to be written by hand."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cryptopredict.common.desk import RecordAdmin, lines
from selection.models import (
    Portfolio,
    PortfolioAnalysis,
    PortfolioAsset,
    PortfolioFlow,
    PortfolioTrade,
    RebalanceProposal,
    ScoreOutcome,
    SuggestionReview,
    WatchlistAnalysis,
)
from selection.serializers import in_words


@admin.register(ScoreOutcome)
class ScoreOutcomeAdmin(RecordAdmin):
    """What closes' scores were worth, newest first."""

    list_display = ["as_of", "timeframe", "horizon_days", "ic", "rival_ic", "coins", "origin"]
    list_filter = ["horizon_days", "timeframe", "origin"]
    ordering = ["-as_of", "horizon_days", "pk"]
    date_hierarchy = "as_of"
    show_full_result_count = False


@admin.register(WatchlistAnalysis)
class WatchlistAnalysisAdmin(RecordAdmin):
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
class SuggestionReviewAdmin(RecordAdmin):
    """Who decided what, and why."""

    list_display = ["suggestion", "decision", "target_tier", "reviewer", "reviewed_at", "review_notes"]
    list_filter = ["decision", "target_tier"]
    list_select_related = ["suggestion__asset", "reviewer"]
    search_fields = ["suggestion__asset__symbol", "reviewer__email"]
    ordering = ["-reviewed_at", "-pk"]


@admin.register(Portfolio)
class PortfolioAdmin(RecordAdmin):
    """Whose portfolios there are; their owners change them."""

    list_display = ["name", "user", "cash", "is_active", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]


@admin.register(PortfolioAsset)
class PortfolioAssetAdmin(RecordAdmin):
    """Holdings."""

    list_display = ["portfolio", "asset", "quantity", "cost_basis", "opened_at"]
    list_select_related = ["portfolio", "asset"]
    search_fields = ["asset__symbol", "portfolio__user__email"]


@admin.register(PortfolioAnalysis)
class PortfolioAnalysisAdmin(RecordAdmin):
    """What portfolios were worth."""

    list_display = ["portfolio", "as_of", "total_value", "unrealised_pnl", "daily_pnl", "origin"]
    list_select_related = ["portfolio"]
    list_filter = ["timeframe", "origin"]
    ordering = ["-as_of", "pk"]


@admin.register(PortfolioTrade)
class PortfolioTradeAdmin(RecordAdmin):
    """Fills as they were booked."""

    list_display = ["executed_at", "portfolio", "asset", "side", "quantity", "price", "fees", "source"]
    list_select_related = ["portfolio", "asset"]
    list_filter = ["source", "side"]
    search_fields = ["asset__symbol", "portfolio__user__email"]
    ordering = ["-executed_at", "-pk"]


@admin.register(PortfolioFlow)
class PortfolioFlowAdmin(RecordAdmin):
    """Money put in and taken out."""

    list_display = ["occurred_at", "portfolio", "amount", "reason"]
    list_select_related = ["portfolio"]
    ordering = ["-occurred_at", "-pk"]


@admin.register(RebalanceProposal)
class RebalanceProposalAdmin(RecordAdmin):
    """Rebalancings that were asked for."""

    list_display = ["requested_at", "portfolio", "status", "reason"]
    list_select_related = ["portfolio"]
    list_filter = ["status"]
    ordering = ["-requested_at", "-pk"]
