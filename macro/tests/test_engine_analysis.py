"""The layer as a whole: the law of no lookahead, and what it says of a market whose truth is known."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from aimodels.engine import artefact
from assets.engine.panel import Panel, same
from macro import engine
from macro.engine.analysis import NO_FIT, Result
from macro.engine.exposure import judge_exposure
from macro.engine.forecast import skill
from macro.engine.regime import SPEC, RegimeFit, later_label
from macro.tests.engine_panels import readings, simulated

SPAN = SPEC.train_days + engine.lookback(simulated(2).timeframe)
ROWS = SPAN + 60
FIRST = ROWS - 20


@pytest.fixture(scope="module")
def panel() -> Panel:
    return simulated(ROWS)


@pytest.fixture(scope="module")
def whole(panel: Panel) -> Result:
    return engine.analyse(panel, readings(panel), FIRST)


def part(result: Result, start: int, stop: int) -> dict[str, object]:
    """Rows of every field, so that results over different spans can be compared."""
    out: dict[str, object] = {}
    for name in Result.__dataclass_fields__:
        value = getattr(result, name)
        if isinstance(value, dict):
            out[name] = {key: column[start:stop] for key, column in value.items()}
        else:
            out[name] = value[start:stop]
    return out


@pytest.mark.parametrize("row", [FIRST + 3, ROWS - 4])
def test_what_comes_later_changes_nothing(panel: Panel, whole: Result, row: int) -> None:
    series = readings(panel)
    known = panel.until(panel.as_of(row))
    cut = engine.analyse(known, series.loc[known.times], row)
    assert same(part(cut, 0, 1), part(whole, row - FIRST, row - FIRST + 1))


def test_where_the_history_begins_changes_nothing(panel: Panel, whole: Result) -> None:
    row = ROWS - 2
    start = row - SPAN + 1
    assert start > 0
    short = panel.rows(start, row + 1)
    late = engine.analyse(short, readings(panel).loc[short.times], row - start)
    assert same(part(late, 0, 1), part(whole, row - FIRST, row - FIRST + 1))


def test_a_fit_survives_its_artefact_bit_for_bit(panel: Panel) -> None:
    inputs = engine.prepare(panel, readings(panel))
    fitted = engine.fit(inputs.model, 2000)
    again = artefact.decode(RegimeFit, artefact.encode(fitted))
    assert same(fitted, again)


def test_bull_and_bear_times_are_told_apart(panel: Panel, whole: Result) -> None:
    assert set(whole.regime.tolist()) <= set(range(4))
    inputs = engine.prepare(panel, readings(panel))
    fits = engine.fit_all(inputs, panel, ROWS - 1)
    start = ROWS - 1200
    # The last fit over its own training years: in the middle of each phase it must name it.
    result = engine.apply(inputs, {SPEC.name: _everywhere(fits, panel, start)}, start)
    phase = (np.arange(ROWS) // 130 % 3)[start:]
    middle = ((np.arange(ROWS) % 130) > 65)[start:]
    named = np.array([str(engine.REGIMES[k]) for k in result.regime])
    assert (named[(phase == 0) & middle] == "bull").mean() > 0.8
    fall = named[(phase == 1) & middle]
    assert (fall == "bear").mean() > 0.75  # the rest are its calmer weeks: no state is truly between
    assert not (fall == "bull").any()
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()
    assert skill(result.probabilities[:, 1], result.persistence[:, 1], later_label(result.regime, 7)) > 0
    earned = engine.holding_return(panel, inputs.market)[start:]
    strategy, holding = judge_exposure(result.recommended_exposure, earned, 0.0015, 365.25)
    assert strategy.drawdown < 0.8 * holding.drawdown
    assert strategy.sharpe > holding.sharpe


def test_every_row_gives_its_reasons(whole: Result) -> None:
    for i in range(len(whole.times)):
        assert whole.reason[i] == ""
        assert len(whole.drivers[i]) == 3
        ending = whole.flip[i]
        assert ending is not None
        assert ending.bars >= 1
        assert ending.regime is not engine.REGIMES[whole.regime[i]]
        assert "market_momentum" in whole.sentiment_sources[i]
        assert "vix_index" in whole.absent[i]


def test_too_little_history_is_said_and_not_papered_over() -> None:
    young = simulated(400)
    result = engine.analyse(young, None, 380)
    assert (result.regime == -1).all()
    assert np.isnan(result.recommended_exposure).all()
    assert set(result.reason) == {NO_FIT}
    assert np.isfinite(result.market_return).all()


def test_a_panel_without_coins_is_all_unknown() -> None:
    empty = simulated(60).columns(np.zeros(10, dtype=np.bool_))
    result = engine.analyse(empty, None, 50)
    assert np.isnan(result.market_return).all()
    assert (result.leader == 0).all()


def _everywhere(fits: dict, panel: Panel, start: int) -> dict:
    """The one fit at every moment of the grid that serves rows from `start` on."""
    (moment, fitted), *_ = fits.items()
    step = timedelta(days=SPEC.refit_days)
    moments = range((panel.as_of(ROWS - 1) - panel.as_of(start)).days // SPEC.refit_days + 3)
    return {moment - k * step: fitted for k in moments}
