"""A small market with something of everything in it, for tests that ask every address."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from accounts.models import Role, User, UserActivity
from accounts.services import notify, token_issue
from aimodels.models import AIModel
from aimodels.tests.factories import PredictionFactory
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store
from cryptopredict.models import PipelineRun, RunStatus
from macro.tests.factories import (
    DominanceFactory,
    MarketSentimentFactory,
    RegimeAnalysisFactory,
    RegimeForecastFactory,
)
from sectors.models import Sector
from sectors.tests.factories import (
    SectorAnalysisFactory,
    SectorFactory,
    SectorPerformanceFactory,
    SectorRotationFactory,
)
from selection import services as selection
from selection.models import Watchlist, WatchlistItem
from selection.tests.factories import (
    PortfolioAssetFactory,
    PortfolioFactory,
    SuggestionFactory,
    WatchlistAnalysisFactory,
    WatchlistFactory,
    WatchlistItemFactory,
)
from trading.tests.factories import CandidateFactory, ExecutionFactory, SignalFactory

MOMENT = datetime(2024, 6, 1, tzinfo=UTC)
DAYS = 40


@dataclass
class World:
    """What there is, and who may ask for it."""

    asset: Asset
    sectors: list[Sector]
    tier: Watchlist
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    own: dict[str, Watchlist] = field(default_factory=dict)
    items: dict[str, WatchlistItem] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    signal: Any = None
    run: Any = None
    model: Any = None
    suggestion: Any = None
    executions: dict[str, int] = field(default_factory=dict)

    def client(self, role: str) -> Client:
        """A program with the key of the person who has this role; `anonymous` has none."""
        token = self.tokens.get(role)
        return Client(headers={"Authorization": f"Token {token}"} if token else None)


def build() -> World:
    """Write it; one person of each role, each with a list, a message and a portfolio of their own."""
    asset = AssetFactory(symbol="BTC", name="Bitcoin", market_cap_rank=1)
    times = [MOMENT - timedelta(days=day) for day in range(DAYS, 0, -1)]
    store(Timeframe.DAY, batch(asset.pk, times, [100.0 + day for day in range(DAYS)]))
    sectors = SectorFactory.create_batch(2)
    _analyses(asset, sectors)
    world = World(asset=asset, sectors=sectors, tier=selection.ensure_lists()["tier2"])
    world.signal = SignalFactory(asset=asset, as_of=MOMENT, expires_at=datetime(2099, 1, 1, tzinfo=UTC))
    world.run = PipelineRun.objects.create(
        timeframe=Timeframe.DAY, since=MOMENT, as_of=MOMENT, status=RunStatus.COMPLETED, rows=10, seconds=2.0
    )
    world.suggestion = SuggestionFactory(asset=AssetFactory(symbol="ETH", name="Ethereum"), priority=2)
    world.model = AIModel.objects.create(
        name="selection_30d",
        version="1.20240601",
        timeframe=Timeframe.DAY,
        model_type="asset",
        architecture="ridge",
        target_variable="return",
        fitted_as_of=MOMENT,
        artefact=b"{}",
    )
    PredictionFactory(asset=asset, as_of=MOMENT)
    for role in Role.values:
        _person(world, role)
    return world


def _analyses(asset: Asset, sectors: list[Sector]) -> None:
    for day in range(3):
        as_of = MOMENT - timedelta(days=day)
        RegimeAnalysisFactory(as_of=as_of)
        WatchlistAnalysisFactory(asset=asset, as_of=as_of, technical_indicators={"rsi14": 55.0})
        CandidateFactory(asset=asset, as_of=as_of)
        for sector in sectors:
            SectorPerformanceFactory(sector=sector, as_of=as_of)
            SectorAnalysisFactory(sector=sector, as_of=as_of)
    MarketSentimentFactory(as_of=MOMENT)
    DominanceFactory(as_of=MOMENT)
    for hours in (24, 168, 720):
        RegimeForecastFactory(as_of=MOMENT, horizon_hours=hours)
    first, second = (sector.slug for sector in sectors)
    SectorRotationFactory(
        as_of=MOMENT,
        leading_sectors=[first],
        declining_sectors=[second],
        recommended_allocation={first: 0.6, second: 0.4},
    )


def _person(world: World, role: str) -> None:
    user = User.objects.create_user(f"{role}@example.org", role=role)
    world.users[role] = user
    world.tokens[role] = token_issue(user=user, name="test")[1]
    world.own[role] = WatchlistFactory(user=user, name="Mine")
    world.items[role] = WatchlistItemFactory(watchlist=world.own[role], asset=world.asset)
    (message,) = notify(users=[user], notification_type="system", title="Hello", message="World")
    world.messages[role] = message.pk
    UserActivity.objects.create(user=user, activity_type="login")
    world.executions[role] = ExecutionFactory(user=user, signal=world.signal).pk
    PortfolioAssetFactory(portfolio=PortfolioFactory(user=user, cash=1000), asset=world.asset)
