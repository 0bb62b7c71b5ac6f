from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.engine import risk, sizing
from trading.engine.advice import Action, Frame, Holding, advise
from trading.engine.rebalance import Caps, NoProposal, investable, propose


def test_value_at_risk_and_shortfall_by_hand() -> None:
    # A hundred days; the worst five are -1 % to -5 %.
    returns = np.concatenate([np.full(95, 0.001), -np.arange(1, 6) / 100])
    tail = risk.tail(returns)
    assert tail is not None
    assert (tail.value_at_risk, tail.expected_shortfall) == pytest.approx((0.01, 0.03))
    assert risk.tail(returns[:59]) is None


def test_a_portfolio_that_never_fell_risks_nothing_so_far() -> None:
    assert risk.tail(np.full(60, 0.01)) == risk.Tail(0.0, 0.0)


def test_beta_of_twice_the_market_is_two() -> None:
    market = np.random.default_rng(1).normal(size=200)
    assert risk.beta(2 * market + 0.01, market) == pytest.approx(2)
    assert risk.beta(market, np.zeros(200)) is None
    assert risk.beta(np.full(200, np.nan), market) is None


def test_concentration_of_equal_holdings_is_one_over_their_number() -> None:
    assert risk.concentration(np.array([0.1] * 5)) == pytest.approx(0.2)
    assert risk.concentration(np.array([0.5])) == 1
    assert risk.concentration(np.array([])) is None


def test_days_on_which_a_coin_did_not_trade_are_left_out() -> None:
    returns = np.array([[0.1, 0.2], [np.nan, 0.1], [0.0, 0.1]])
    assert risk.portfolio_returns(np.array([0.5, 0.25]), returns) == pytest.approx([0.1, 0.025])


shares = st.floats(0.001, 0.9)


@given(shares, st.floats(0.5, 5), st.floats(0.0, 1.0), shares, shares)
def test_kelly_never_bets_without_an_edge_nor_beyond_its_cap(
    stop: float, reward: float, probability: float, fraction: float, most: float
) -> None:
    win, loss, unit = sizing.odds(100.0, 100.0 + 100 * stop * reward, 100.0 - 100 * stop, 1.0, 0.0015)
    assert unit == pytest.approx(stop)
    if win <= 0:
        return
    share = float(sizing.kelly(np.array(probability), np.array(win), np.array(loss), fraction, most))
    assert 0 <= share <= most
    edge = probability * win - (1 - probability) * loss
    assert (share > 0) == (edge > 0) or share == pytest.approx(0, abs=1e-12)


@given(st.floats(0.001, 0.1), shares)
def test_a_fixed_fraction_loses_that_fraction_at_the_stop(risked: float, stop: float) -> None:
    share = float(sizing.fixed_fraction(risked, np.array(stop)))
    assert share * stop <= risked * (1 + 1e-12)
    assert share == 1 or share * stop == pytest.approx(risked)


def test_costs_shrink_what_is_won_and_grow_what_is_lost() -> None:
    # 10 up, 5 down, 0.15 % of entry and exit: 0.315 and 0.2925 USD, in units of 5.
    assert sizing.odds(100, 110, 95, 1, 0.0015) == pytest.approx((2 - 0.063, 1 + 0.0585, 0.05))
    with pytest.raises(ValueError, match="not between"):
        sizing.odds(94, 110, 95, 1, 0.0015)


FRAME = Frame(invested=0.3, exposure=0.5, asset_cap=0.25)


@pytest.mark.parametrize(
    ("holding", "frame", "action", "rule"),
    [
        (Holding(0.1, "buy", 0, False), FRAME, Action.EXIT, "no_price"),
        (Holding(0.1, "avoid", 0, True), FRAME, Action.EXIT, "avoid"),
        (Holding(0.1, "avoid", 1, True), FRAME, Action.EXIT, "avoid"),
        (Holding(0.1, "reduce", 0, True), FRAME, Action.REDUCE, "score_low"),
        (Holding(0.1, "reduce", 1, True), FRAME, Action.HOLD, "signal_open"),
        (Holding(0.3, "buy", 1, True), FRAME, Action.REDUCE, "over_cap"),
        (Holding(0.3, "", 0, True), FRAME, Action.REDUCE, "over_cap"),
        (Holding(0.1, "hold", 0, True), Frame(0.6, 0.5, 0.25), Action.REDUCE, "over_exposure"),
        (Holding(0.1, "buy", 0, True), Frame(0.6, 0.5, 0.25), Action.HOLD, "score_high"),
        (Holding(0.1, "buy", 0, True), FRAME, Action.ADD, "room_to_add"),
        (Holding(0.1, "hold", 0, True), Frame(0.9, None, 0.25), Action.HOLD, "nothing_against"),
        (Holding(-0.1, "", -1, True), FRAME, Action.HOLD, "signal_open"),
        (Holding(-0.1, "", 0, True), FRAME, Action.EXIT, "short_alone"),
    ],
)
def test_each_rule_of_advice(holding: Holding, frame: Frame, action: Action, rule: str) -> None:
    opinion = advise(holding, frame)
    assert (opinion.action, opinion.rule) == (action, rule)


def market(days: int = 200, coins: int = 6) -> np.ndarray:
    rng = np.random.default_rng(5)
    return rng.normal(size=(days, coins)) * np.linspace(0.01, 0.06, coins) + rng.normal(size=(days, 1)) * 0.02


def test_a_proposal_keeps_within_every_limit() -> None:
    sectors = ("a", "a", "a", "b", "b", "")
    caps = Caps(exposure=0.6, asset=0.2, sector=0.3)
    weights = propose(market(), sectors, np.linspace(0.5, 1, 6), caps)
    assert weights.sum() == pytest.approx(0.6, abs=1e-6)
    assert weights.min() >= 0
    assert weights.max() <= 0.2 + 1e-6
    assert weights[:3].sum() <= 0.3 + 1e-6
    assert weights[3:5].sum() <= 0.3 + 1e-6


def test_what_the_limits_leave_no_room_for_stays_cash() -> None:
    assert investable(("a", "a", "b"), Caps(1.0, 0.2, 0.3)) == pytest.approx(0.5)
    weights = propose(market(coins=3), ("a", "a", "b"), np.ones(3), Caps(1.0, 0.2, 0.3))
    assert weights.sum() == pytest.approx(0.5, abs=1e-6)
    assert propose(market(coins=1), ("a",), np.ones(1), Caps(0.4, 1.0, 1.0)).tolist() == [0.4]
    assert propose(market(coins=2), ("a", "b"), np.ones(2), Caps(0.0, 1.0, 1.0)).tolist() == [0, 0]


def test_the_riskier_of_two_coins_gets_less_and_the_better_scored_more() -> None:
    returns = np.random.default_rng(2).normal(size=(300, 2)) * [0.01, 0.03]
    even = propose(returns, ("", ""), np.ones(2), Caps(1.0, 1.0, 1.0))
    assert even[0] == pytest.approx(0.75, abs=0.05)
    tilted = propose(returns, ("", ""), np.array([0.3, 1.0]), Caps(1.0, 1.0, 1.0))
    assert tilted[1] > even[1]


def test_too_short_a_past_gives_no_proposal() -> None:
    with pytest.raises(NoProposal, match="119 days"):
        propose(market(119, 2), ("", ""), np.ones(2), Caps(1.0, 1.0, 1.0))
