"""The whole layer: no lookahead bit for bit, rules that refuse by name, probabilities that nest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from aimodels.engine.artefact import decode, encode
from aimodels.engine.linear import score
from aimodels.engine.spec import fit_time
from assets.engine.panel import BAR_FIELDS, Panel, same
from assets.engine.timeframe import Timeframe
from trading import engine
from trading.engine.barriers import STOP, TARGET, Costs
from trading.engine.features import FEATURES
from trading.engine.probability import TRAIN_DAYS, gather, labelled, names, predict, unlike, weighed
from trading.engine.signals import NOT_A_CANDIDATE, Fits
from trading.tests.markets import market

FIRST = TRAIN_DAYS + engine.lookback(Timeframe.DAY) + 30
PANEL = market(FIRST + 40, coins=8)
INPUTS = engine.prepare(PANEL)
FITS = engine.fit_all(INPUTS, FIRST)
RESULT = engine.apply(INPUTS, FITS, FIRST)
EVERYONE = engine.Params(margin=-9.0)


def row_of(result: engine.Result, row: int) -> dict[str, object]:
    """One row of every array of a result."""
    out: dict[str, object] = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if field.name in ("first", "asset_ids"):
            continue
        by_direction = isinstance(value, np.ndarray) and value.ndim >= 2 and len(value) == 2
        out[field.name] = value[:, row] if by_direction else value[row]
    return out


def with_upstream(params: engine.Params | None = None, **said: object) -> engine.Result:
    """The same bars and fits under other rules."""
    rules = engine.Upstream.of(PANEL, **said)  # type: ignore[arg-type]
    return engine.apply(replace(INPUTS, upstream=rules, params=params or EVERYONE), FITS, FIRST)


def test_the_market_of_these_tests_has_candidates_and_probabilities() -> None:
    seen = np.isfinite(RESULT.probability)
    assert seen.sum() > 200
    assert (seen == RESULT.candidates).all()
    trusted = [fit.calibration.trust for by in FITS.values() for fit in by.values()]
    assert max(trusted) > 0.1


def test_variants_that_learn_alike_are_what_each_would_be_alone() -> None:
    plain, strict = engine.Params(), engine.Params(least_confidence=0.9)
    dear = replace(strict, costs=Costs(fee=0.02))
    each = list(engine.analyse_each(PANEL, None, FIRST, [plain, strict, dear]))
    alone = [engine.apply(replace(INPUTS, params=params), FITS, FIRST) for params in (plain, strict)]
    assert same(each[0], alone[0]) and same(each[1], alone[1])
    assert same(each[2], engine.analyse(PANEL, None, FIRST, dear))
    assert not same(each[0].refusal_limit, each[1].refusal_limit) and not same(
        each[1].expected_value, each[2].expected_value
    )


@pytest.mark.parametrize("row", [FIRST, FIRST + 17, FIRST + 39])
def test_no_row_knows_what_came_after_it(row: int) -> None:
    cut = PANEL.until(PANEL.as_of(row))
    assert len(cut.times) == row + 1
    live = engine.analyse(cut, None, row)
    assert same(row_of(live, 0), row_of(RESULT, row - FIRST))


def test_history_before_lookback_and_training_window_changes_nothing() -> None:
    row = FIRST + 20
    fitted = PANEL.known_at(fit_time(engine.SPECS[0], PANEL.as_of(row))) - 1
    start = fitted + 1 - TRAIN_DAYS - engine.lookback(Timeframe.DAY)
    assert start > 0
    late = engine.analyse(PANEL.rows(start, row + 1), None, row - start)
    assert same(row_of(late, 0), row_of(RESULT, row - FIRST))


def test_stored_fits_need_no_more_than_lookback() -> None:
    row = FIRST + 20
    start = row - engine.lookback(Timeframe.DAY)
    short = PANEL.rows(start, row + 1)
    live = engine.apply(engine.prepare(short), FITS, row - start)
    assert same(row_of(live, 0), row_of(RESULT, row - FIRST))


def test_a_coin_without_bars_between_the_others_changes_no_digit() -> None:
    """A panel that starts later lacks the coins that had ended before it."""
    rows, coins = PANEL.shape
    blank = np.full((rows, coins), np.nan)
    spread = np.argsort(np.arange(2 * coins) % coins, kind="stable")  # coin, blank, coin, blank, ...
    bars = {name: np.hstack([getattr(PANEL, name), blank])[:, spread] for name in BAR_FIELDS}
    wide = replace(
        PANEL,
        asset_ids=np.arange(2 * coins),
        symbols=tuple(f"C{n}" for n in range(2 * coins)),
        is_stable=np.zeros(2 * coins, dtype=np.bool_),
        **bars,
    )
    result = engine.apply(engine.prepare(wide), FITS, FIRST)
    assert np.array_equal(result.probability[..., ::2], RESULT.probability, equal_nan=True)
    assert np.array_equal(result.expected_value[..., ::2], RESULT.expected_value, equal_nan=True)


def test_a_fit_reads_no_label_that_was_not_realised() -> None:
    row = FIRST
    after = {name: getattr(PANEL, name).copy() for name in ("open", "high", "low", "close")}
    for bars in after.values():
        bars[row + 1 :] *= 3.0
    other = engine.prepare(replace(PANEL, **after))
    for direction in engine.DIRECTIONS:
        cases = labelled(INPUTS, row, direction)
        assert cases.rows.max() <= row - 7
        assert cases.rows.min() > row - TRAIN_DAYS
        assert same(labelled(other, row, direction), cases)


def test_models_learn_from_every_fifth_day_and_are_judged_on_each() -> None:
    cases = labelled(INPUTS, FIRST, engine.Direction.LONG)
    assert set(np.diff(np.unique(cases.rows))) == {1}
    learned = cases.taken(cases.sampled)
    assert set(np.diff(np.unique(learned.rows))) == {5}
    assert learned.rows.max() == FIRST - 7
    assert learned.sampled.all()


@pytest.mark.parametrize("direction", engine.DIRECTIONS)
def test_days_that_are_only_judged_leave_the_fitted_line_as_it_is(direction: engine.Direction) -> None:
    """Other labels on the days between change what was judged, and nothing that was learned."""
    cases = labelled(INPUTS, FIRST, direction)
    side = engine.DIRECTIONS.index(direction)
    ended = INPUTS.outcomes[side]
    code, between = ended.code.copy(), np.unique(cases.rows[~cases.sampled])
    code[between] = np.where(code[between] == TARGET, STOP, code[between])
    other = replace(
        INPUTS,
        outcomes=tuple(
            replace(ended, code=code) if n == side else one for n, one in enumerate(INPUTS.outcomes)
        ),
    )
    learn = engine.LEARN[f"timing_{direction}"]
    one, two = learn(INPUTS, FIRST), learn(other, FIRST)
    assert same(one.line, two.line) and same(one.within, two.within) and same(one.seen, two.seen)
    assert (one.hit_r, one.cases) == (two.hit_r, two.cases)
    assert one.calibration.base_rate > two.calibration.base_rate


def test_a_late_listing_changes_nothing_before_it() -> None:
    bars = {name: getattr(PANEL, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for values in bars.values():
        values[FIRST + 20 :, 5] = np.nan
    gone = engine.apply(engine.prepare(replace(PANEL, **bars)), FITS, FIRST)
    assert same(row_of(gone, 19), row_of(RESULT, 19))
    assert not same(row_of(gone, 25), row_of(RESULT, 25))


def test_arguments_are_left_as_they_were() -> None:
    panel = market(200)
    before = {name: getattr(panel, name).copy() for name in ("open", "high", "low", "close", "volume")}
    engine.analyse(panel, None, 180)
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(panel, name), values)


def test_a_fit_survives_storage_exactly() -> None:
    for spec in engine.SPECS:
        for moment, fit in FITS[spec.name].items():
            again = decode(engine.TimingFit, encode(fit))
            assert same(again, fit)
            stored = {name: {**by, moment: again} if name == spec.name else by for name, by in FITS.items()}
            assert same(engine.apply(INPUTS, stored, FIRST), RESULT)


def test_a_nearer_span_is_never_likelier() -> None:
    seen = np.isfinite(RESULT.probability)
    assert (RESULT.within_1d[seen] <= RESULT.within_3d[seen]).all()
    assert (RESULT.within_3d[seen] <= RESULT.probability[seen]).all()
    assert (RESULT.within_1d[seen] > 0).all()


def test_a_candidate_unlike_all_that_was_learned_from_goes_back_to_the_base_rate() -> None:
    fit = next(iter(FITS["timing_long"].values()))
    usual, strange = fit.seen.centre[None], (fit.seen.centre + 40.0 * fit.seen.scale)[None]
    assert (unlike(fit, usual)[0], unlike(fit, strange)[0]) == (0.0, 1.0)
    day, days, week = (float(span[0]) for span in predict(fit, strange))
    assert week == pytest.approx(fit.calibration.base_rate)
    assert day <= days <= week


def test_what_only_its_unlikeness_brought_under_the_bound_is_refused_for_that() -> None:
    """Fits that say more than they should, and the same ones had they seen nothing of the kind before."""

    def changed(change: Callable[[engine.TimingFit], engine.TimingFit], fits: Fits) -> Fits:
        return {name: {at: change(fit) for at, fit in own.items()} for name, own in fits.items()}

    def emboldened(fit: engine.TimingFit) -> engine.TimingFit:
        all_seen = replace(fit.seen, usual=1e9, low=fit.seen.low - 1e9, high=fit.seen.high + 1e9)
        return replace(fit, calibration=replace(fit.calibration, trust=8.0, knot=1.0), seen=all_seen)

    bold = changed(emboldened, FITS)
    strange = changed(lambda fit: replace(fit, seen=replace(fit.seen, usual=1e-9)), bold)
    usual, said = (engine.apply(INPUTS, fits, FIRST) for fits in (bold, strange))
    doubted = said.refusal == engine.REFUSALS.index(engine.Refusal.UNLIKE)
    unsure = said.refusal == engine.REFUSALS.index(engine.Refusal.CONFIDENCE)
    assert doubted.any()
    assert unsure.any()
    assert (doubted == (said.candidates & (usual.probability >= said.break_even))).all()
    assert ((doubted | unsure) == said.candidates).all()
    np.testing.assert_array_equal(said.refusal_value[doubted], said.probability[doubted])
    np.testing.assert_array_equal(said.refusal_limit[doubted], said.break_even[doubted])


def test_too_little_history_gives_no_probability_and_says_why() -> None:
    young = engine.analyse(market(150), None, 120)
    assert young.candidates.any()
    assert np.isnan(young.probability).all()
    kept = young.refusal[:, young.candidates]
    assert (kept == engine.REFUSALS.index(engine.Refusal.NO_MODEL)).all()
    with pytest.raises(ValueError, match="too few to learn long"):
        engine.LEARN["timing_long"](engine.prepare(market(150)), 149)


@pytest.mark.parametrize("frame", [Timeframe.WEEK, Timeframe.MONTH])
def test_bars_longer_than_a_day_are_refused(frame: Timeframe) -> None:
    with pytest.raises(ValueError, match="a day or less"):
        engine.lookback(frame)


def test_hours_are_followed_over_the_same_seven_days() -> None:
    days = market(24 * 40, coins=5)
    hours = Timeframe.HOUR.opens(days.times[0], days.times[0] + (len(days.times) - 1) * Timeframe.HOUR.delta)
    inputs = engine.prepare(replace(days, timeframe=Timeframe.HOUR, times=hours))
    assert inputs.features.shape == (len(FEATURES), 24 * 40, 5)
    assert inputs.outcomes[0].offset.max() <= 7 * 24


def test_a_signal_needs_its_break_even_and_a_margin() -> None:
    issued = RESULT.issued
    enough = (RESULT.probability >= RESULT.break_even) & (RESULT.expected_value > 0.05)
    assert (issued == (enough & RESULT.candidates)).all()
    # a free ride: whatever is expected passes, so the break-even alone decides
    generous = with_upstream()
    assert (generous.issued == (generous.probability >= generous.break_even)).all()


def refused_by(result: engine.Result, side: int, rule: engine.Refusal) -> np.ndarray:
    return result.refusal[side] == engine.REFUSALS.index(rule)


def test_a_refusal_names_the_value_and_the_limit_it_missed() -> None:
    strict = with_upstream(engine.Params(margin=-9.0, least_confidence=0.99))
    short_of = refused_by(strict, 0, engine.Refusal.CONFIDENCE)
    assert short_of[strict.candidates].all()
    assert (strict.refusal_limit[0][short_of] == 0.99).all()
    np.testing.assert_array_equal(strict.refusal_value[0][short_of], strict.probability[0][short_of])


def test_an_exposure_under_the_floor_forbids_longs_alone() -> None:
    low = with_upstream(exposure=np.full(40, 0.05))
    assert refused_by(low, 0, engine.Refusal.EXPOSURE)[low.candidates].all()
    assert not refused_by(low, 1, engine.Refusal.EXPOSURE).any()
    assert not low.issued[0].any()


def test_shorts_are_for_bear_markets() -> None:
    calm = with_upstream(regime=np.full(40, "bull"))
    assert refused_by(calm, 1, engine.Refusal.REGIME)[calm.candidates].all()
    assert not refused_by(calm, 0, engine.Refusal.REGIME).any()
    bear = with_upstream(regime=np.full(40, "bear"))
    assert not refused_by(bear, 1, engine.Refusal.REGIME).any()
    never = with_upstream(engine.Params(allow_short=False), regime=np.full(40, "bear"))
    assert refused_by(never, 1, engine.Refusal.SHORTS_OFF)[never.candidates].all()


def test_longs_come_from_the_top_of_the_selection_and_shorts_from_its_bottom() -> None:
    percentile = np.tile(np.linspace(0.0, 1.0, 8), (40, 1))
    ranked = with_upstream(score=percentile)
    low, high = percentile < 0.5, percentile > 0.5
    assert (refused_by(ranked, 0, engine.Refusal.SCORE) == (low & ranked.candidates)).all()
    assert (refused_by(ranked, 1, engine.Refusal.SCORE) == (high & ranked.candidates)).all()


def test_rules_without_a_figure_from_upstream_are_not_applied() -> None:
    silent = with_upstream(
        exposure=np.full(40, np.nan), regime=np.full(40, ""), score=np.full((40, 8), np.nan)
    )
    assert same(silent.refusal, with_upstream().refusal)


def test_upstream_results_stand_for_the_last_rows_of_the_panel() -> None:
    rules = engine.Upstream.of(PANEL, exposure=np.array([0.3, 0.4]))
    assert np.isnan(rules.exposure[:-2]).all()
    assert rules.exposure[-2:].tolist() == [0.3, 0.4]
    with pytest.raises(ValueError, match="rows of upstream"):
        engine.Upstream.of(PANEL, exposure=np.zeros(len(PANEL.times) + 1))


def test_a_long_position_stays_within_the_recommended_exposure() -> None:
    tight = with_upstream(exposure=np.full(40, 0.02))
    sized = tight.position_share[0][tight.candidates]
    assert (sized <= 0.02).all()


def test_however_good_the_odds_a_stop_costs_one_per_cent_of_the_portfolio_at_most() -> None:
    rich = {name: {at: replace(fit, hit_r=50.0) for at, fit in by.items()} for name, by in FITS.items()}
    sized = engine.apply(INPUTS, rich, FIRST)
    assert np.nanmax(sized.position_share * sized.stop_share) == pytest.approx(0.01)


def test_cells_without_a_plan_hold_no_figures() -> None:
    outside = ~RESULT.candidates
    assert outside.any()
    for name in ("entry", "target", "stop", "break_even", "probability", "expected_value", "position_share"):
        assert np.isnan(getattr(RESULT, name)[:, outside]).all()
    assert (RESULT.refusal[:, outside] == NOT_A_CANDIDATE).all()


def test_an_explanation_adds_up_to_the_score() -> None:
    column = int(np.nonzero(RESULT.candidates[5])[0][0])
    moment = fit_time(engine.SPECS[0], PANEL.as_of(FIRST + 5))
    fit = FITS["timing_long"][moment]
    said = engine.explain(INPUTS, RESULT, fit, (5, column), engine.Direction.LONG, most=99)
    assert {factor.name for factor in said.key_factors} <= set(names(engine.Direction.LONG))
    at = np.array([FIRST + 5]), np.array([column])
    raw = float(score(fit.line, gather(INPUTS, *at, engine.Direction.LONG))[0])
    added = sum(factor.contribution for factor in said.key_factors)
    assert added == pytest.approx(fit.calibration.trust * (raw - fit.line.intercept))
    sizes = [abs(factor.contribution) for factor in said.key_factors]
    assert sizes == sorted(sizes, reverse=True)
    spans = said.probability_analysis
    assert spans["24h_target"] <= spans["3d_target"] <= spans["7d_target"]
    assert spans["7d_target"] == RESULT.probability[0, 5, column]
    assert said.market_context == {}


def test_contributions_are_halved_where_trust_is() -> None:
    fit = next(iter(FITS["timing_long"].values()))
    doubtful = replace(fit, calibration=replace(fit.calibration, trust=0.5))
    certain = replace(fit, calibration=replace(fit.calibration, trust=1.0))
    x = np.ones((1, len(names(engine.Direction.LONG))))
    np.testing.assert_allclose(2 * weighed(doubtful, x), weighed(certain, x))


def test_without_a_signal_the_nearest_candidate_is_named() -> None:
    strict = with_upstream(engine.Params(least_confidence=0.99))
    near = engine.nearest(strict, 5)
    assert near is not None
    margins = (strict.probability - strict.break_even)[:, 5]
    fewest = strict.failed[:, 5] == near.failed
    assert near.margin == np.nanmax(np.where(fewest, margins, np.nan))
    assert near.refusal in engine.REFUSALS[1:]


def test_the_judge_counts_decided_candidates_only() -> None:
    verdict = engine.judge(INPUTS, RESULT)
    decided = RESULT.candidates[:-7].sum()
    early = RESULT.candidates[-7:].sum()
    assert 2 * decided - 40 <= verdict.cases <= 2 * (decided + early)
    assert 0.0 <= verdict.ece <= 1.0
    last: Panel = PANEL.rows(0, FIRST + 1)
    with pytest.raises(ValueError, match="known outcome"):
        engine.judge(engine.prepare(last), engine.apply(engine.prepare(last), FITS, FIRST))
