"""A small market that has something to show on every page, ending at the last midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sin

from django.utils import timezone

from accounts.models import NotificationType, Role, User
from accounts.services import channel_add, notify
from aimodels.models import AIModel, ModelStatus, ModelType
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store
from cryptopredict.models import PipelineRun, RunStatus
from macro.models import Dominance, MarketSentiment, MetricsSnapshot, RegimeAnalysis
from macro.tests import factories as macro
from sectors.models import Sector, SectorPerformance
from sectors.tests import factories as sectors
from selection.services import ensure_lists, import_trades, open_portfolio, set_tier
from selection.tests import factories as selection
from tests import record
from trading.models import Backtest, TradingSignal
from trading.tests import factories as trading

DAYS = 60
SYMBOLS = ("BTC", "ETH", "SOL", "UNI", "AAVE", "DOGE")
LONG_NAME = ("A coin whose name is as long as a name may be " * 3)[:100]
REGIMES = ("bear", "neutral", "volatile", "bull")


@dataclass
class Site:
    """What the pages show: the moment of the last close, coins by symbol, people by role."""

    close: datetime
    coins: dict[str, Asset]
    sectors: dict[str, Sector]
    people: dict[str, User]
    signal: TradingSignal
    plan: TradingSignal  # one that can be executed now
    backtest: Backtest


def build() -> Site:
    """Store it."""
    close = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    people = {role: User.objects.create_user(f"{role}@example.com", role=role) for role in Role.values}
    coins = _coins(close)
    homes = _sectors(close, coins)
    _macro(close)
    _scores(close, coins, people)
    signal, plan = _signals(close, coins)
    _portfolio(close, people["casual"])
    notify(users=[people["casual"]], notification_type=NotificationType.SYSTEM, title="Hello", message="Hi.")
    PipelineRun.objects.create(
        timeframe=Timeframe.DAY, since=close, as_of=close, status=RunStatus.COMPLETED, rows=1200, seconds=3.4,
        stages=[
            {"stage": name, "rows": 300, "queries": 6, "seconds": 0.6 + 0.2 * number}
            for number, name in enumerate(("macro", "sectors", "selection", "trading"))
        ],
    )  # fmt: skip
    channel_add(
        user=people["casual"], address="json://user:secret@example.com/hook", kinds=["signal", "alert"]
    )
    AIModel.objects.create(
        name="macro_regime", version="1", timeframe=Timeframe.DAY, model_type=ModelType.MACRO,
        architecture="jump model", status=ModelStatus.ACTIVE, is_active=True, fitted_as_of=close,
        target_variable="regime",
    )  # fmt: skip
    record.ended(close, coins)
    return Site(close, coins, homes, people, signal, plan, record.backtest(close))


def _coins(close: datetime) -> dict[str, Asset]:
    """Six coins with prices from tiny to large, one with a name of 100 characters."""
    coins = {}
    times = [close - timedelta(days=back) for back in range(DAYS, 0, -1)]
    for number, symbol in enumerate(SYMBOLS):
        scale = 10.0 ** (5 - 2 * number)
        prices = [scale * (1.0 + 0.2 * sin(day / 7 + number) + 0.004 * day) for day in range(DAYS)]
        coins[symbol] = coin = AssetFactory(
            symbol=symbol,
            name=LONG_NAME if symbol == "DOGE" else symbol.title(),
            current_price=prices[-1],
            market_cap=scale * 1e7,
            market_cap_rank=number + 1,
            total_volume=scale * 1e5,
            price_change_percentage_24h=3.0 - number,
            price_change_percentage_7d=number - 2.5,
            last_price_update=close,
        )
        high, low = [1.02 * price for price in prices], [0.97 * price for price in prices]
        store(Timeframe.DAY, batch(coin.pk, times, prices, high=high, low=low))
    return coins


def _sectors(close: datetime, coins: dict[str, Asset]) -> dict[str, Sector]:
    homes = {
        name: sectors.SectorFactory(name=name, color_code=colour)
        for name, colour in (("Layer 1", "#1B4F72"), ("DeFi", "#148F77"), ("Meme", "#F39C12"))
    }
    for number, (symbol, coin) in enumerate(coins.items()):
        home = homes["Layer 1" if number < 3 else "DeFi" if number < 5 else "Meme"]
        sectors.SectorMappingFactory(asset=coin, sector=home)
        Asset.objects.filter(symbol=symbol).update(sector_name=home.name)
    SectorPerformance.objects.bulk_create(
        sectors.SectorPerformanceFactory.build(
            sector=home,
            as_of=close - timedelta(days=back),
            performance_24h=0.01 * sin(back + number),
            performance_7d=0.05 * sin(back / 3 + number),
            total_market_cap=10.0 ** (12 - number),
            momentum_score=0.8 * sin(back / 5 + number),
            relative_strength=100 + 2 * sin(back / 9 + 2 * number),
            relative_momentum=100 + sin(back / 7 + 2 * number),
        )
        for number, home in enumerate(homes.values())
        for back in range(DAYS)
    )
    for weight, home in zip((0.5, 0.3, 0.2), homes.values(), strict=True):
        drivers = [{"feature": "pace_28", "value": 0.4, "weight": weight - 0.3}]
        sectors.SectorAnalysisFactory(
            sector=home, as_of=close, weight=weight, confidence_score=0.55, drivers=drivers
        )
    sectors.SectorRotationFactory(
        as_of=close,
        leading_sectors=["defi"],
        declining_sectors=["meme"],
        recommended_allocation={"layer-1": 0.4, "defi": 0.3, "meme": 0.1},
        flow_directions={"layer-1": -0.01, "defi": 0.012, "meme": 0.0001},
    )
    sectors.SectorFlowFactory(as_of=close, from_sector=homes["Layer 1"], to_sector=homes["DeFi"])
    return homes


def _macro(close: datetime) -> None:
    odds = {"bull": 0.6, "neutral": 0.2, "volatile": 0.15, "bear": 0.05}
    moments = [close - timedelta(days=back) for back in range(DAYS, -1, -1)]
    snapshots = MetricsSnapshot.objects.bulk_create(
        macro.MetricsSnapshotFactory.build(
            snapshot_time=moment - timedelta(days=1), btc_price_usd=50_000 + 900 * number, sp500=6000.0
        )
        for number, moment in enumerate(moments)
    )
    RegimeAnalysis.objects.bulk_create(
        RegimeAnalysis(
            timeframe=Timeframe.DAY, as_of=moment, market_regime=REGIMES[number // 16 % 4],
            phase="bull", confidence_score=0.6, risk_level="medium", trend_strength=0.5,
            recommended_exposure=(number + 5) % 20 / 20, probabilities=odds, snapshot=snapshot,
            regime_drivers=[{"feature": "trend_60", "value": 0.8, "contribution": 1.2}],
            turning_point={"regime": "neutral", "bars": 12}, reasons={"absent_series": ["gold"]},
        )
        for number, (moment, snapshot) in enumerate(zip(moments, snapshots, strict=True))
    )  # fmt: skip
    Dominance.objects.bulk_create(macro.DominanceFactory.build(as_of=moment) for moment in moments)
    MarketSentiment.objects.bulk_create(
        macro.MarketSentimentFactory.build(as_of=moment, sentiment_sources={"fear_greed_index": 0.44})
        for moment in moments
    )
    for hours in (24, 168, 720):
        macro.RegimeForecastFactory(as_of=close, horizon_hours=hours, probabilities=odds, persistence=odds)


def _scores(close: datetime, coins: dict[str, Asset], people: dict[str, User]) -> None:
    for place, coin in enumerate(coins.values(), start=1):
        for back in range(5):
            selection.WatchlistAnalysisFactory(
                asset=coin, as_of=close - timedelta(days=back), rank=place, score=1 - place / 10
            )
    ensure_lists()
    set_tier(asset=coins["ETH"], tier="tier1", user=people["admin"])
    set_tier(asset=coins["UNI"], tier="tier2", user=people["admin"])
    selection.SuggestionFactory(asset=coins["SOL"], as_of=close)
    selection.WatchlistItemFactory(
        watchlist=selection.WatchlistFactory(user=people["casual"], name="Mine"),
        asset=coins["BTC"],
    )


def _signals(close: datetime, coins: dict[str, Asset]) -> tuple[TradingSignal, TradingSignal]:
    for coin in coins.values():
        trading.CandidateFactory(asset=coin, as_of=close)
    factors = [{"name": "momentum_30d", "value": 1.5, "contribution": 0.2}]
    price = coins["SOL"].current_price
    plan = trading.SignalFactory(
        asset=coins["SOL"],
        as_of=close,
        expires_at=close + timedelta(days=7),
        entry_price=price,
        target_price=1.08 * price,
        stop_loss=0.96 * price,
        ai_analysis={"key_factors": factors, "probability_analysis": {"3d_target": 0.31}},
        market_context={"regime": "bull", "exposure": 0.45, "score_percentile": 0.7, "sector": "Layer 1"},
    )
    signal = trading.SignalFactory(
        asset=coins["BTC"],
        as_of=close,
        expires_at=close + timedelta(days=30),
        ai_analysis={"key_factors": factors, "probability_analysis": {"3d_target": 0.27}},
        market_context={"regime": "bull", "exposure": 0.45, "score_percentile": 0.82, "sector": "Layer 1"},
    )
    return signal, plan


def _portfolio(close: datetime, person: User) -> None:
    """Coins bought elsewhere, one of them tiny, and cash."""
    own = open_portfolio(user=person, venue="paper", now=close - timedelta(days=40))
    lines = ["date,symbol,side,quantity,price"]
    for back, symbol, quantity, price in ((40, "ETH", 2, 900), (30, "DOGE", 900_000, 0.000012)):
        lines.append(f"{close - timedelta(days=back):%Y-%m-%d},{symbol},buy,{quantity},{price}")
    import_trades(portfolio=own, text="\n".join(lines), now=close, dry_run=False)


def more(built: Site) -> None:
    """Twice as much of everything that pages list."""
    record.ended(built.close - timedelta(days=40), built.coins)
    record.backtest(built.close)
    for number in range(6):
        coin = AssetFactory(symbol=f"NEW{number}", name=f"New {number}", market_cap=1e6, current_price=1.0)
        sectors.SectorMappingFactory(asset=coin, sector=built.sectors["DeFi"])
        selection.WatchlistAnalysisFactory(asset=coin, as_of=built.close, rank=7 + number, score=0.1)
        selection.SuggestionFactory(asset=coin, as_of=built.close)
        trading.CandidateFactory(asset=coin, as_of=built.close)
        trading.SignalFactory(asset=coin, as_of=built.close, expires_at=built.close + timedelta(days=30))
    home = sectors.SectorFactory(name="Gaming")
    sectors.SectorAnalysisFactory(sector=home, as_of=built.close, weight=0.1)
    sectors.SectorFlowFactory(as_of=built.close, from_sector=home, to_sector=built.sectors["DeFi"])
    for back in range(10):
        sectors.SectorPerformanceFactory(sector=home, as_of=built.close - timedelta(days=back))
    old = built.coins["BTC"]
    for back in range(3):
        when = built.close - timedelta(days=10 + back)
        trading.SignalFactory(asset=old, as_of=when, status="expired")
