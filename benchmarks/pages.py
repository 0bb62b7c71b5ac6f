"""How long the server takes for every page, with 500 coins, three years of days and 100,000 signals and
predictions stored."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import NotificationType, Role, User
from accounts.services import notify
from assets.engine.timeframe import Timeframe
from assets.models import Asset, AssetType
from benchmarks import market
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database
from cryptopredict import pipeline
from selection.services import import_trades, open_portfolio
from tests import record
from trading.models import SignalCandidate, TradingSignal

_DAY = Timeframe.DAY
_END = datetime(2025, 6, 1, tzinfo=UTC)
_MOST_DAYS = 1096
_ROUNDS = 14  # answers of each page for each round of the scale
_PIECE = 5_000
_HELD, _MESSAGES = 20, 100
_PAGES = {
    "dashboard": "/",
    "macro": "/macro/",
    "sectors": "/sectors/",
    "a sector": "/sectors/defi/",
    "watchlists": "/selection/watchlist/",
    "a coin": "/coins/{coin}/",
    "suggestions": "/selection/suggestions/",
    "signals": "/trading/signals/",
    "signals, filtered": "/trading/signals/?status=expired&signal_type=long",
    "a signal": "/trading/signals/{signal}/",
    "execute": "/trading/signals/{signal}/execute/",
    "portfolio": "/trading/portfolio/",
    "performance": "/trading/performance/?span=all",
    "limits": "/trading/risk-profile/",
    "record: signals": "/record/?layer=trading",
    "record: intervals": "/record/?layer=predictions",
    "record: selection": "/record/?layer=selection",
    "record: regime": "/record/?layer=macro",
    "record: sectors": "/record/?layer=sectors",
    "models": "/models/",
    "a model": "/models/timing_long/",
    "backtests": "/trading/backtests/",
    "a backtest": "/trading/backtests/{backtest}/",
    "backtests beside each other": "/trading/backtests/compare/?with={backtest}&with={other}",
    "system, with its runs": "/system/",
    "notifications": "/accounts/notifications/",
    "where one is told": "/accounts/notifications/settings/",
    "profile": "/accounts/profile/",
    "e-mail": "/accounts/email/",
    "second factor": "/accounts/2fa/",
    "devices": "/accounts/sessions/",
    "keys for programs": "/accounts/tokens/",
    "regimes' figures, all": "/macro/data/regime?range=all",
    "sectors' figures, all": "/sectors/data/growth?range=all",
    "rotation graph": "/sectors/data/rotation",
    "a coin's bars, a year": "/coins/{coin}/data/candles",
    "a coin's scores, all": "/coins/{coin}/data/scores?range=all",
    "reliability of candidates": "/trading/data/reliability?range=all",
    "candidates by month": "/trading/data/months?range=all",
    "scores by month": "/selection/data/record/months?range=all",
    "intervals by month": "/models/data/coverage?range=all",
}


def run(scale: Scale) -> list[Figure]:
    """Milliseconds below which 95 of 100 answers stay, by page; the application alone, no network."""
    coins, signals = scale.panel[0], scale.bars // 20
    days = min(scale.history[1], _MOST_DAYS)
    with fresh_database():
        market.store(market.simulated(_END, days, coins), 0, days)
        pipeline.run(timeframe=_DAY, as_of=_END, since=_END - timedelta(days=max(1, scale.span // 7)))
        signal = _signals(signals)
        reader = User.objects.create_user("bench@example.com", role=Role.ADMIN)
        _belongings(reader)
        client = Client(SERVER_NAME="localhost")
        client.force_login(reader)
        backtest = record.backtest(_END).pk
        names = {
            "coin": Asset.objects.earliest("pk").pk,
            "signal": signal,
            "backtest": backtest,
            "other": record.backtest(_END).pk,
        }
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        return [
            Figure(
                f"{name}: p95 of {scale.rounds * _ROUNDS} answers",
                _p95(client, path.format(**names), scale.rounds * _ROUNDS),
                "ms",
                100.0,
                at_most=True,
            )
            for name, path in _PAGES.items()
        ]


def _belongings(reader: User) -> None:
    """What one person has: twenty coins bought elsewhere, and a hundred messages."""
    own = open_portfolio(user=reader, venue="paper", now=_END - timedelta(days=40))
    coins = Asset.objects.filter(asset_type=AssetType.CRYPTO, current_price__gt=0).order_by("pk")[:_HELD]
    lines = [f"2025-05-01,{coin.symbol},buy,1,{coin.current_price}" for coin in coins]
    import_trades(
        portfolio=own, text="\n".join(["date,symbol,side,quantity,price", *lines]), now=_END, dry_run=False
    )
    for number in range(_MESSAGES):
        notify(users=[reader], notification_type=NotificationType.SYSTEM, title=f"News {number}", message="…")


def _p95(client: Client, path: str, rounds: int) -> float:
    taken = []
    for _round in range(rounds + 1):
        begun = time.perf_counter()
        answer = client.get(path)
        taken.append(1_000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    return float(np.percentile(taken[1:], 95))  # the first one compiles the templates


def _signals(count: int) -> int:
    """So many signals that have ended and as many candidates over coins and days; the last one's id."""
    ids = list(Asset.objects.values_list("pk", flat=True))
    last = 0
    for first in range(0, count, _PIECE):
        numbers = range(first, min(first + _PIECE, count))
        common = [_plan(ids[number % len(ids)], number // len(ids)) for number in numbers]
        SignalCandidate.objects.bulk_create(
            SignalCandidate(**one, probability=0.4, is_issued=True, refusal="") for one in common
        )
        stored = TradingSignal.objects.bulk_create(
            TradingSignal(
                **one, confidence_score=0.4, expected_value=0.1, risk_level="medium", risk_reward_ratio=2.0,
                time_horizon_hours=168, status="expired", generated_at=one["as_of"],
                expires_at=one["as_of"] + timedelta(days=7), outcome="target" if number % 3 else "stop",
                return_r=1.8 if number % 3 else -1.1, closed_at=one["as_of"] + timedelta(days=3),
            )
            for number, one in enumerate(common)
        )  # fmt: skip
        last = stored[-1].pk
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return last


def _plan(asset: int, day: int) -> dict[str, Any]:
    """Levels of one coin on one day; an hour before the close, where the pipeline has none of its own."""
    return {
        "asset_id": asset, "timeframe": _DAY, "as_of": _END - timedelta(days=day, hours=1),
        "signal_type": "long", "entry_price": 100, "target_price": 110, "stop_loss": 95,
        "break_even": 0.37, "base_rate": 0.3,
    }  # fmt: skip
