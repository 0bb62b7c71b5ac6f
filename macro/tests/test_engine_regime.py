"""States, forecasts and exposure: laws and golden numbers."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.panel import same
from macro.engine import forecast, reading, states
from macro.engine.exposure import ExposureParams, banded, judge_exposure, target
from macro.engine.features import Features
from macro.engine.regime import later_label


def cheapest(loss: np.ndarray, penalty: float) -> list[tuple[float, tuple[int, ...]]]:
    """Every path through the states with its cost, cheapest first."""
    rows, number = loss.shape
    costs = []
    for path in product(range(number), repeat=rows):
        jumps = sum(a != b for a, b in pairwise(path))
        costs.append((sum(loss[t, s] for t, s in enumerate(path)) + penalty * jumps, path))
    return sorted(costs)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 3.0))
def test_online_and_hindsight_states_end_and_cross_the_cheapest_paths(seed: int, penalty: float) -> None:
    loss = np.random.default_rng(seed).random((6, 3)) * 2.0
    state, margin = states.online(loss, penalty, 6)
    for t in range(6):
        assert state[t] == cheapest(loss[: t + 1], penalty)[0][1][-1]
        assert margin[t].min() == 0.0
        assert margin[t].max() <= penalty + loss[t].max()
    seen_later = states.hindsight(loss, penalty, 6, 2)
    for t in range(4):
        assert seen_later[t] == cheapest(loss[: t + 3], penalty)[0][1][t]
    assert (seen_later[4:] == -1).all()


def test_an_online_state_forgets_what_lies_before_its_window() -> None:
    loss = np.random.default_rng(1).random((60, 3))
    state, margin = states.online(loss, 1.5, 20)
    later_state, later_margin = states.online(loss[30:], 1.5, 20)
    assert same(state[49:], later_state[19:])
    assert same(margin[49:], later_margin[19:])


def test_a_row_without_features_has_no_state_and_breaks_no_path() -> None:
    loss = np.array([[0.0, 5.0], [np.nan, np.nan], [0.0, 5.0]])
    state, _ = states.online(loss, 1.0, 3)
    assert state.tolist() == [0, -1, 0]


def test_three_directions_are_found_and_ordered() -> None:
    rng = np.random.default_rng(3)
    truth = np.repeat([0, 1, 2, 1, 0, 2], 80)
    x = np.choose(truth, [0.8, 0.0, -0.8])[:, None] + 0.1 * rng.standard_normal((480, 3))
    jump = states.fit_jump(x, 3, 20.0)
    found, _ = states.online(states.losses(jump, x), jump.penalty, 365)
    assert (found == truth).mean() > 0.9
    assert (np.diff(found) != 0).sum() == 5


@pytest.mark.parametrize("seed", [0, 4, 5])
def test_a_month_of_new_bars_does_not_move_the_regimes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    level = np.zeros((1000, 3))
    for t in range(1, len(level)):
        level[t] = 0.97 * level[t - 1] + 0.3 * rng.standard_normal() + 0.1 * rng.standard_normal(3)
    fits = [states.fit_jump(np.tanh(level[: 900 + 28 * k]), 3, 30.0) for k in range(4)]
    found = np.array([fit.mean + fit.scale * fit.centres for fit in fits])
    assert np.abs(np.diff(found, axis=0)).max() < 0.15


def test_turbulence_splits_only_the_sideways_market() -> None:
    named = states.regimes(np.array([0, 0, 1, 1, 2, -1]), np.array([0, 1, 0, 1, 0, 0]))
    words = [states.REGIMES[k] for k in named[:-1]]
    assert words == ["bull", "bull", "volatile", "neutral", "bear"]
    assert named[-1] == -1


def test_transition_frequencies_by_hand() -> None:
    state = np.array([0, 0, 0, 3])
    label = np.array([0, 0, 3, 3])
    # Row bull: 2 to bull, 1 to bear, half a bar each besides: (2.5, 0.5, 0.5, 1.5) / 5.
    table = forecast.frequencies(state, label, np.ones(4, dtype=np.bool_))
    assert table[0].tolist() == pytest.approx([0.5, 0.1, 0.1, 0.3])
    assert table[1].tolist() == pytest.approx([0.25] * 4)


def test_a_head_finds_skill_where_there_is_some_and_falls_back_where_there_is_none() -> None:
    rng = np.random.default_rng(4)
    state = np.repeat(rng.integers(0, 4, 60), 20)
    label = later_label(state, 5)
    noise = rng.standard_normal((1200, 4))
    telling = noise + 3.0 * np.eye(4)[np.maximum(label, 0)]
    skilled = forecast.fit_head(telling, state, label, 5)
    blind = forecast.fit_head(noise, state, label, 5)
    rival = forecast.persistence(skilled, state)
    assert skilled.weight >= 0.5
    assert forecast.skill(forecast.probabilities(skilled, telling, state), rival, label) > 0.2
    assert blind.weight <= 0.2


def test_probabilities_add_up_to_one_and_are_absent_without_a_state() -> None:
    rng = np.random.default_rng(5)
    state = np.repeat(rng.integers(0, 4, 60), 20)
    x = rng.standard_normal((1200, 4)) + np.eye(4)[state]
    head = forecast.fit_head(x, state, later_label(state, 1), 1)
    asked = state.copy()
    asked[7] = -1
    told = forecast.probabilities(head, x, asked)
    assert np.isnan(told[7]).all()
    assert np.allclose(np.delete(told, 7, axis=0).sum(axis=1), 1.0)


def test_too_few_labels_make_no_head() -> None:
    with pytest.raises(ValueError, match="too few"):
        forecast.fit_head(np.zeros((30, 4)), np.zeros(30, dtype=np.int64), np.zeros(30, dtype=np.int64), 1)


def test_log_loss_by_hand() -> None:
    told = np.array([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    # -(ln 0.5 + ln 0.25) / 2
    assert forecast.log_loss(told, np.array([0, 3])) == pytest.approx(1.0397, abs=1e-4)


def test_exposure_follows_trend_volatility_and_regime() -> None:
    params = ExposureParams(target_volatility=0.5, weight_bear=0.5)
    above_50, above_200 = np.array([0.1, 0.1, 0.1, -0.1, np.nan]), np.array([0.1, -0.1, 0.1, -0.1, 0.1])
    volatility, regime = np.array([0.25, 1.0, 1.0, 0.25, 0.5]), np.array([0, 0, 3, 0, 0])
    # Full; half the rules at twice the risk: 0.25; both rules, twice the risk, a bear: 0.25; none; unknown.
    wanted = target(above_50, above_200, volatility, regime, params)
    assert same(wanted, np.array([1.0, 0.25, 0.25, 0.0, np.nan]))


def test_small_drifts_are_not_traded_but_a_zero_is() -> None:
    wanted = np.array([0.5, 0.6, 0.65, 0.8, 0.7, 0.1, 0.0])
    assert banded(wanted, 0.2, 10).tolist() == [0.5, 0.5, 0.5, 0.8, 0.8, 0.1, 0.0]


def test_a_strategy_earns_from_the_open_after_the_decision() -> None:
    # Decided on row 0: in; on row 1: out. Row 1 (open to open) makes 10 %, row 2 loses 50 %, which the
    # strategy misses. Turnover: in and out at 1 % each: 0.09 and -0.01, wealth 1.09 x 0.99 = 1.0791.
    strategy, holding = judge_exposure(
        np.array([1.0, 0.0, 0.0]), np.array([9.0, 0.1, -0.5]), cost=0.01, bars_per_year=2.0
    )
    assert strategy.growth == pytest.approx(0.0791)
    assert strategy.turnover == pytest.approx(2.0)
    assert holding.drawdown == pytest.approx(0.5)
    assert strategy.drawdown == pytest.approx(0.01)
    with pytest.raises(ValueError, match="at least two bars"):
        judge_exposure(np.array([1.0, 1.0]), np.array([0.1, 0.1]), 0.0, 365.25)


def test_phase_and_risk_are_read_from_the_rules() -> None:
    columns = {
        "drawdown": np.array([-0.05, -0.05, -0.6, -0.6, -0.1]),
        "breadth_50": np.array([0.8, 0.3, 0.3, 0.3, 0.6]),
        "above_mean_50": np.array([0.1, 0.1, 0.1, -0.1, -0.1]),
        "volatility_ewma": np.array([0.3, 0.5, 0.8, 1.2, np.nan]),
        "drawdown_90": np.array([-0.05, -0.05, -0.4, -0.4, -0.1]),
    }
    regime = np.array([0, 0, 3, 3, 1])
    phase = reading.phases(regime, np.array([0.9, 0.9, 0.9, 0.9, 0.4]), Features(columns), slice(None))
    assert [reading.PHASES[k] for k in phase] == [
        "bull",
        "distribution",
        "accumulation",
        "bear",
        "transition",
    ]
    risk = reading.risk_levels(regime, Features(columns), slice(None))
    assert [reading.RISK_LEVELS[k] for k in risk[:4]] == ["low", "medium", "extreme", "extreme"]
    assert risk[4] == -1
