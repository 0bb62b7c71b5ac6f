"""Portfolios and limits of whoever asks: figures, curve, import, export, rebalancing."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cryptopredict.common import restapi
from cryptopredict.common.restapi.parsing import JSONParser
from selection import selectors as selection
from selection import services as selection_services
from selection.models import Account, Portfolio
from trading import selectors, services
from trading.api.problems import Problem, told
from trading.serializers.portfolio import (
    CashSerializer,
    HistorySerializer,
    ImportSerializer,
    LimitsSerializer,
    PortfolioSerializer,
    ProposalSerializer,
    ReportSerializer,
    RiskProfileSerializer,
)

VENUE = OpenApiParameter(
    "venue", enum=Account.values, default=Account.PAPER.value, description="The account."
)
DAYS = OpenApiParameter("days", OpenApiTypes.INT, default=365, description="Days back, 1 to 3650.")
MOST_DAYS = 3650


class PortfolioAddress(restapi.View):
    """What the addresses of one account share."""

    role = "casual"
    keeps = "user"
    keeps_seconds = restapi.LIVE
    query_parameters = ("venue",)

    def venue(self, request: Request) -> str:
        """The account that is asked about."""
        venue: str = request.query_params.get("venue", Account.PAPER.value)
        if venue not in Account.values:
            known = ", ".join(Account.values)
            raise restapi.Refusal("venue", venue, _("is not an account"), _("Send one of: %s.") % known)
        return venue

    def seen(self, request: Request) -> Portfolio:
        """The account as a reader sees it; where none was opened, as it would be."""
        return selection.account_of(request.user, self.venue(request))

    def opened(self, request: Request, now: datetime) -> Portfolio:
        """The account for whoever writes to it."""
        return selection_services.open_portfolio(user=request.user, venue=self.venue(request), now=now)


class PortfolioView(PortfolioAddress):
    """Your portfolio on paper, or live."""

    serializer_class = PortfolioSerializer

    @extend_schema(parameters=[VENUE], responses=PortfolioSerializer)
    def get(self, request: Request) -> Response:
        """Answer value, profit, holdings with advice, drift from the recommended allocation, and risk."""
        now = timezone.now()
        return Response(PortfolioSerializer(selectors.portfolio_detail(self.seen(request), now)).data)

    @extend_schema(parameters=[VENUE], request=CashSerializer, responses=PortfolioSerializer)
    def patch(self, request: Request) -> Response:
        """Set the cash; the difference is money put in or taken out."""
        now = timezone.now()
        body = CashSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with told(request.data), transaction.atomic():
            portfolio = selection_services.set_cash(
                portfolio=self.opened(request, now), cash=body.validated_data["cash"], now=now
            )
        return Response(PortfolioSerializer(selectors.portfolio_detail(portfolio, now)).data)


class HistoryView(PortfolioAddress):
    """The curve of your portfolio."""

    query_parameters = ("venue", "days")

    @extend_schema(parameters=[VENUE, DAYS], responses=HistorySerializer)
    def get(self, request: Request) -> Response:
        """Answer value, return and drawdown at each daily close."""
        now = timezone.now()
        given = request.query_params.get("days", "365")
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= MOST_DAYS):
            rule = _("must be a whole number from 1 to %d") % MOST_DAYS
            raise restapi.Refusal("days", given, rule, _("Send a number of days, such as 365."))
        found = selectors.portfolio_history(self.seen(request), now, int(given))
        return Response(HistorySerializer(found).data)


class ImportView(restapi.View):
    """Trades you made elsewhere."""

    role = "casual"
    parser_classes = (JSONParser, MultiPartParser)

    @extend_schema(request=ImportSerializer, responses={200: ReportSerializer, 201: ReportSerializer})
    def post(self, request: Request) -> Response:
        """Answer a report: 200 for a dry run, 201 when booked, 400 with every fault when nothing can be."""
        body = ImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given, now = body.validated_data, timezone.now()
        report = selection_services.import_trades(
            portfolio=selection.account_of(request.user, given["venue"]),
            text=given["csv"],
            now=now,
            dry_run=given["dry_run"],
        )
        if not report.is_clean and not report.is_dry_run:
            raise Problem("invalid", report.errors, 400)
        return Response(ReportSerializer(report).data, status=200 if report.is_dry_run else 201)


class ExportView(PortfolioAddress):
    """Your trades as CSV."""

    keeps = False

    @extend_schema(parameters=[VENUE], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """Answer every trade of the account, in a form that can be imported again."""
        portfolio = self.seen(request)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="trades-{portfolio.venue}.csv"'
        csv.writer(answer).writerows(selectors.trade_rows(portfolio))
        return answer


class RebalanceView(PortfolioAddress):
    """How your portfolio could be rebalanced within your limits."""

    @extend_schema(parameters=[VENUE], responses={200: ProposalSerializer, 204: None})
    def get(self, request: Request) -> Response:
        """Answer the proposal asked for last; 204 where none was."""
        found = selection.latest_proposal(self.seen(request))
        return Response(status=204) if found is None else Response(ProposalSerializer(found).data)

    @extend_schema(parameters=[VENUE], request=None, responses={202: ProposalSerializer})
    def post(self, request: Request) -> Response:
        """Ask for a proposal: answered 202 at once, worked out in the background."""
        now = timezone.now()
        asked = services.ask_rebalance(portfolio=self.opened(request, now), now=now)
        return Response(ProposalSerializer(asked).data, status=202)


class RiskProfileView(restapi.View):
    """Your limits, and what your paper portfolio risks."""

    role = "casual"
    keeps = "user"
    keeps_seconds = restapi.LIVE
    serializer_class = RiskProfileSerializer

    @extend_schema(responses=RiskProfileSerializer)
    def get(self, request: Request) -> Response:
        """Answer the limits; the defaults, with no `updated_at`, where nobody has changed them yet."""
        return Response(RiskProfileSerializer(services.profile_of(request.user)).data)

    @extend_schema(request=LimitsSerializer, responses=RiskProfileSerializer)
    def patch(self, request: Request) -> Response:
        """Change the limits that the body names."""
        body = LimitsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(body.validated_data)
        with told(request.data):
            profile = services.set_profile(user=request.user, **changes)
        return Response(RiskProfileSerializer(profile).data)


urlpatterns = [
    path("portfolio", PortfolioView.as_view(), name="api_portfolio"),
    path("portfolio/history", HistoryView.as_view(), name="api_portfolio_history"),
    path("portfolio/import", ImportView.as_view(), name="api_portfolio_import"),
    path("portfolio/export", ExportView.as_view(), name="api_portfolio_export"),
    path("portfolio/rebalance", RebalanceView.as_view(), name="api_portfolio_rebalance"),
    path("risk-profile", RiskProfileView.as_view(), name="api_risk_profile"),
]
