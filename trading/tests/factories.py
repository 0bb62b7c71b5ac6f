"""Signals, candidates, executions and limits for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory

from accounts.models import Role, User
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory
from selection.models import Portfolio, PortfolioAsset
from trading.models import (
    Advice,
    Backtest,
    PortfolioAssetAnalysis,
    Refusal,
    RiskLevel,
    RiskProfile,
    SignalCandidate,
    SignalExecution,
    SignalType,
    TradingSignal,
)

MOMENT = datetime(2024, 1, 2, tzinfo=UTC)


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    role = Role.CASUAL


class SignalFactory(factory.django.DjangoModelFactory[TradingSignal]):
    """A long at 100 with target 110 and stop 95, undecided."""

    class Meta:
        model = TradingSignal

    timeframe = Timeframe.DAY
    as_of = MOMENT
    asset = factory.SubFactory(AssetFactory)
    signal_type = SignalType.LONG
    entry_price = "100"
    target_price = "110"
    stop_loss = "95"
    confidence_score = 0.45
    break_even = 0.4
    base_rate = 0.3
    expected_value = 0.12
    risk_level = RiskLevel.MEDIUM
    risk_reward_ratio = 2.0
    time_horizon_hours = 168
    generated_at = factory.SelfAttribute("as_of")
    expires_at = factory.LazyAttribute(lambda signal: signal.as_of + timedelta(days=7))


class CandidateFactory(factory.django.DjangoModelFactory[SignalCandidate]):
    """A long at 100 with target 110 and stop 95, refused for its confidence, undecided."""

    class Meta:
        model = SignalCandidate

    timeframe = Timeframe.DAY
    as_of = MOMENT
    asset = factory.SubFactory(AssetFactory)
    signal_type = SignalType.LONG
    entry_price = "100"
    target_price = "110"
    stop_loss = "95"
    probability = 0.35
    base_rate = 0.3
    break_even = 0.4
    expected_value = -0.05
    is_issued = False
    refusal = Refusal.CONFIDENCE
    refusal_value = 0.35
    refusal_limit = 0.4


class ExecutionFactory(factory.django.DjangoModelFactory[SignalExecution]):
    class Meta:
        model = SignalExecution

    signal = factory.SubFactory(SignalFactory)
    user = factory.SubFactory(UserFactory)
    idempotency_key = factory.Sequence(str)
    position_size = "1000"


class RiskProfileFactory(factory.django.DjangoModelFactory[RiskProfile]):
    class Meta:
        model = RiskProfile

    user = factory.SubFactory(UserFactory)
    max_position_size = "1000"


class PortfolioFactory(factory.django.DjangoModelFactory[Portfolio]):
    class Meta:
        model = Portfolio

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Portfolio {n}")


class HoldingFactory(factory.django.DjangoModelFactory[PortfolioAsset]):
    class Meta:
        model = PortfolioAsset

    portfolio = factory.SubFactory(PortfolioFactory)
    asset = factory.SubFactory(AssetFactory)
    quantity = "1"
    cost_basis = "100"


class AdviceFactory(factory.django.DjangoModelFactory[PortfolioAssetAnalysis]):
    class Meta:
        model = PortfolioAssetAnalysis

    timeframe = Timeframe.DAY
    as_of = MOMENT
    holding = factory.SubFactory(HoldingFactory)
    advice = Advice.HOLD


class BacktestFactory(factory.django.DjangoModelFactory[Backtest]):
    """Half a year that waits for its turn."""

    class Meta:
        model = Backtest

    requested_by = factory.SubFactory(UserFactory)
    timeframe = Timeframe.DAY
    since = MOMENT
    until = MOMENT + timedelta(days=182)
