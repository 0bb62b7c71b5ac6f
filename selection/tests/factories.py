"""People, lists, suggestions and scores for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory
from django.db.models.functions import Now

from accounts.models import Role, User
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory
from selection.models import (
    Portfolio,
    PortfolioAsset,
    Suggestion,
    SuggestionType,
    Watchlist,
    WatchlistAnalysis,
    WatchlistItem,
    WatchlistType,
)
from selection.services.reviewers import ensure_group

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
DRIVERS = [["volume", 4.2e9, 0.98, 0.12], ["momentum_1w", -0.034, 0.31, -0.02]]


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.com")
    role = Role.CASUAL


def reviewer() -> User:
    """Someone who decides on suggestions and is no administrator."""
    user = UserFactory(role=Role.CASUAL)
    user.groups.add(ensure_group())
    return user


class WatchlistFactory(factory.django.DjangoModelFactory[Watchlist]):
    """A personal list."""

    class Meta:
        model = Watchlist

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"List {n}")
    type = WatchlistType.PERSONAL


class WatchlistItemFactory(factory.django.DjangoModelFactory[WatchlistItem]):
    class Meta:
        model = WatchlistItem

    watchlist = factory.SubFactory(WatchlistFactory)
    asset = factory.SubFactory(AssetFactory)
    tier = "tier2"


class SuggestionFactory(factory.django.DjangoModelFactory[Suggestion]):
    """Pending, for a week."""

    class Meta:
        model = Suggestion

    asset = factory.SubFactory(AssetFactory)
    timeframe = Timeframe.DAY
    as_of = AS_OF
    suggestion_type = SuggestionType.ADD_TIER1
    confidence_score = 0.62
    base_rate = 0.49
    priority = 1
    ai_reasoning = {"drivers": DRIVERS, "in_universe": True}
    supporting_data = {"place": 3, "of": 150, "lasting_score": 0.97}
    performance_metrics = {"model": "selection_30d"}
    expires_at = factory.LazyFunction(lambda: Now() + timedelta(days=7))


class WatchlistAnalysisFactory(factory.django.DjangoModelFactory[WatchlistAnalysis]):
    class Meta:
        model = WatchlistAnalysis

    asset = factory.SubFactory(AssetFactory)
    timeframe = Timeframe.DAY
    as_of = AS_OF
    score = 0.9
    rank = 1
    score_30d = 0.8
    confidence_score = 0.6
    base_rate = 0.5
    recommendation = "buy"
    risk_level = "medium"
    drivers = DRIVERS


class PortfolioFactory(factory.django.DjangoModelFactory[Portfolio]):
    class Meta:
        model = Portfolio

    user = factory.SubFactory(UserFactory)


class PortfolioAssetFactory(factory.django.DjangoModelFactory[PortfolioAsset]):
    class Meta:
        model = PortfolioAsset

    portfolio = factory.SubFactory(PortfolioFactory)
    asset = factory.SubFactory(AssetFactory)
    quantity = 2
    cost_basis = 100
