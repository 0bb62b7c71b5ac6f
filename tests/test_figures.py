"""The figures of every layer on a simulated market agree with those of its plain judges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from aimodels.engine import artefact, folds
from aimodels.engine.figures import Figure, Grade, Span, by_name
from assets.tests.factories import make_market
from cryptopredict.registry import CATALOGUE, Workshop
from macro import engine as macro
from macro.engine.forecast import skill
from macro.engine.regime import later_label
from sectors import engine as sectors
from selection import engine as selection
from selection.engine import judge as selection_judge
from tests import markets
from trading import engine as trading
from trading.engine.backtest.significance import deflate
from trading.engine.figures import TRIALS

BARS, FIRST = 800, 560


@dataclass(frozen=True)
class Judged:
    """The market, the rows that count, and the figures of each model."""

    ground: Workshop
    span: Span
    figures: dict[str, tuple[Figure, ...]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    ground = Workshop(markets.in_memory(make_market(BARS, 36)))
    span = Span(FIRST, np.ones(BARS - FIRST, dtype=np.bool_))
    figures = {}
    for name, one in CATALOGUE.models.items():
        walked = folds.walk_forward(one.spec, ground.panel, FIRST)
        fits = {}
        for fold in walked:
            try:
                fits[fold.moment] = one.fit(ground.inputs(one.layer), fold.row)
            except ValueError:
                continue
        for fit in fits.values():
            stored = artefact.encode(fit)
            assert artefact.encode(artefact.decode(one.kind, stored, artefact.digest(stored))) == stored
        ground.fits[name] = fits
        figures[name] = one.judge(ground, fits, span)
    return Judged(ground, span, figures)


def test_the_regimes_forecasts_and_the_exposure(judged: Judged) -> None:
    figure = by_name(judged.figures["macro_regime"])
    inputs = judged.ground.inputs("macro")
    result = macro.apply(inputs, {"macro_regime": judged.ground.fits["macro_regime"]}, FIRST)
    for place, days in enumerate((1, 7, 30)):
        label = later_label(result.regime, days)
        want = skill(result.probabilities[:, place], result.persistence[:, place], label)
        assert figure[f"regime_log_loss_skill_{days}d"].value == pytest.approx(want)
    earned = macro.holding_return(judged.ground.panel, inputs.market)[FIRST:]
    year = judged.ground.panel.timeframe.bars_per_year
    own, holding = macro.judge_exposure(result.recommended_exposure, earned, 0.001, year)
    assert figure["exposure_sharpe"].value == pytest.approx(own.sharpe, abs=0.02)
    assert figure["exposure_drawdown"].value == pytest.approx(own.drawdown, abs=0.005)
    assert figure["exposure_drawdown"].rival == pytest.approx(holding.drawdown, abs=0.005)


def test_rotation_outlook_and_allocation(judged: Judged) -> None:
    figure = by_name(judged.figures["sectors.rotation"])
    inputs = judged.ground.inputs("sectors")
    result = sectors.apply(inputs, judged.ground.fits, FIRST)
    want = sectors.judge_forecast(result.rotation, result.base_rate, inputs.race.changed[FIRST:])
    assert want.count > 100
    assert figure["rotation_brier_skill"].value == pytest.approx(want.skill)
    assert figure["rotation_brier_skill"].cases == want.count
    could = np.isfinite(result.returns) & np.isfinite(result.momentum) & inputs.membership.risky
    money = sectors.judge_allocation(result.target, could, result.returns, 365.25, delay=1)
    assert figure["allocation_sharpe_gain"].value == pytest.approx(money.sharpe_gain)
    assert figure["allocation_drawdown"].value == pytest.approx(money.own.drawdown)
    assert by_name(judged.figures["sectors.outlook"])["outlook_brier_skill"].cases > 500


def test_the_score(judged: Judged) -> None:
    figure = by_name(judged.figures["selection_7d"])
    inputs = judged.ground.inputs("selection")
    result = selection.apply(inputs, judged.ground.fits, FIRST)
    want = selection_judge.judge(inputs, result.week.raw, FIRST, 7)
    assert figure["ic_7d"].value == want.ic.mean
    assert (figure["ic_7d"].low, figure["ic_7d"].rival) == (want.ic.low, want.rivals["last_month"].mean)
    assert figure["quintile_spread_7d"].value == want.spread.mean
    by_money = selection_judge.judge(inputs, result.week.scaled, FIRST, 7)
    assert figure["scaled_spread_7d"].value == by_money.spread.mean != want.spread.mean
    for name in ("quintile_spread_7d", "scaled_spread_7d"):
        series = figure[name].series
        assert series is not None
        assert figure[name].value == pytest.approx(np.nanmean(series))
    assert figure["score_calibration_error_7d"].cases > 1000


def test_the_timing(judged: Judged) -> None:
    inputs = replace(judged.ground.inputs("trading"), upstream=judged.ground.upstream(FIRST))
    result = trading.apply(inputs, judged.ground.fits, FIRST)
    for side, name in enumerate(("timing_long", "timing_short")):
        figure = by_name(judged.figures[name])
        want = trading.judge(inputs, result, (side,))
        assert figure["timing_brier_skill"].cases == want.cases
        assert figure["timing_brier_skill"].value == pytest.approx(want.brier_skill)
        assert figure["timing_auc"].value == pytest.approx(want.auc, abs=0.01)
        # Equal probabilities stand in one bin here and are cut by the plain judge, which can only add error.
        assert 0.0 < figure["timing_calibration_error"].value <= want.ece + 0.02
        assert figure["issued_net_r"].cases == want.issued.cases
        if want.issued.cases:
            assert figure["issued_net_r"].value == pytest.approx(want.issued.mean)
            assert figure["issued_lead_r"].value == pytest.approx(want.lead.mean)
        series = figure["issued_r_bar"].series
        assert series is not None
        worth = figure["issued_deflated_sharpe"]
        if want.issued.cases and series.std() > 0:
            assert worth.value == deflate(series, np.full(TRIALS, np.nan)).deflated
        else:
            assert np.isnan(worth.value)
            assert worth.note == "nothing was issued"


def test_every_interval_holds_its_value_or_is_absent(judged: Judged) -> None:
    for figures in judged.figures.values():
        assert len({figure.name for figure in figures}) == len(figures)
        for figure in figures:
            if np.isfinite(figure.low) and "calibration" not in figure.name:  # binned errors are biased up
                assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9, figure.name


def test_rows_that_do_not_count_leave_no_figure(judged: Judged) -> None:
    nothing = Span(FIRST, np.zeros(BARS - FIRST, dtype=np.bool_))
    for name, one in CATALOGUE.models.items():
        for figure in one.judge(judged.ground, judged.ground.fits[name], nothing):
            assert figure.grade() is Grade.UNKNOWN or figure.value == 0.0, figure.name


def test_what_is_observed_of_training_carries_no_label_from_beyond_it(judged: Judged) -> None:
    for name, one in CATALOGUE.models.items():
        inputs = judged.ground.inputs(one.layer)
        sample = one.observe(inputs, 300, 500)
        assert sample.x.shape[1] == len(sample.names), name
        if sample.y is None:
            continue
        later = one.observe(inputs, 300, 500 + one.spec.horizon_days)
        told, then = np.isfinite(sample.y), np.isfinite(later.y)
        assert told.sum() > 0, name
        assert told.sum() <= then.sum(), name
