"""A simulated market can go on, keeps the rules of candles, looks like the real thing and tells its truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from assets.engine.panel import BAR_FIELDS, same
from assets.engine.simulator import (
    MACRO_SERIES,
    SECTORS,
    MarketState,
    SimulatedMarket,
    SimulationParams,
    StateParams,
    simulate,
)
from assets.engine.simulator.draws import BLOCK, Draws, Stream, autoregression
from assets.engine.simulator.paths import runs
from assets.engine.timeframe import Timeframe
from assets.tests.factories import DELISTED, HOLED, LATE, STABLE, make_panel

START = datetime(2021, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return simulate(SimulationParams(START, START + 1_800 * DAY, assets=120), seed=11)


@pytest.fixture(scope="module")
def returns(market: SimulatedMarket) -> pd.DataFrame:
    closes = market.panel.frame("close").loc[:, ~market.panel.is_stable]
    daily = np.log(closes).diff()
    return daily.loc[:, daily.count() > 500]


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    assets=st.integers(2, 23),
    bars=st.integers(1, 150),
    more=st.integers(1, 150),
    timeframe=st.sampled_from([Timeframe.DAY, Timeframe.HOURS_4, Timeframe.HOUR]),
)
def test_a_later_end_changes_no_earlier_bar(
    seed: int, assets: int, bars: int, more: int, timeframe: Timeframe
) -> None:
    params = SimulationParams(START, START + bars * timeframe.delta, timeframe, assets=assets)
    short = simulate(params, seed)
    long = simulate(replace(params, end=params.end + more * timeframe.delta), seed)
    assert short.panel.shape == (bars, assets)
    assert same(short.panel, long.panel.rows(None, bars))
    assert short.macro.equals(long.macro.iloc[: len(short.macro)])
    assert same(short.truth.alpha, long.truth.alpha[:bars])
    assert same(short.truth.state, long.truth.state[:bars])
    assert same(short.truth.delisted, long.truth.delisted)
    assert (short.names, short.sectors) == (long.names, long.sectors)


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    params = SimulationParams(START, START + 80 * DAY, assets=12)
    assert same(simulate(params, 3).panel, simulate(params, 3).panel)
    assert not same(simulate(params, 3).panel.close, simulate(params, 4).panel.close)


def test_draws_of_a_block_do_not_depend_on_how_many_follow() -> None:
    few, many = Draws(5, BLOCK - 1), Draws(5, 3 * BLOCK + 1)
    for kind in ("normal", "uniform"):
        assert same(getattr(few, kind)(Stream.GAP, 3), getattr(many, kind)(Stream.GAP, 3)[: BLOCK - 1])
    assert same(few.tail(Stream.GAP, 3, 4.0), many.tail(Stream.GAP, 3, 4.0)[: BLOCK - 1])
    assert not np.array_equal(many.normal(Stream.GAP, 3), many.normal(Stream.STALE, 3))


def test_tails_have_unit_variance_and_more_mass_far_out() -> None:
    draws = Draws(1, 4_000)
    t = draws.tail(Stream.COIN_TAIL, 20, 4.0) * draws.normal(Stream.COIN_SHOCK, 20)
    assert t.std() == pytest.approx(1.0, abs=0.05)
    assert (np.abs(t) > 4).mean() > 10 * 6.3e-5  # a normal leaves 6.3e-5 beyond four deviations


def test_autoregression_forgets_by_1_over_e_in_the_given_bars() -> None:
    wave = autoregression(Draws(2, 20_000).normal(Stream.TRANSITORY, 4), 10.0)
    lagged = [np.corrcoef(wave[10:, k], wave[:-10, k])[0, 1] for k in range(4)]
    assert wave.std() == pytest.approx(1.0, abs=0.05)
    assert np.mean(lagged) == pytest.approx(np.exp(-1), abs=0.04)


def test_runs_begin_below_the_rate_and_last_as_the_draw_says() -> None:
    # rate 0.1, 1 to 4 rows: 0.00 lasts 1 + int(0 * 4) = 1, 0.09 lasts 1 + int(0.9 * 4) = 4 rows
    chance = np.array([[0.5], [0.0], [0.5], [0.09], [0.5], [0.5], [0.5], [0.5]])
    assert runs(chance, 0.1, 1, 4)[:, 0].tolist() == [False, True, False, True, True, True, True, False]


@pytest.mark.parametrize("timeframe", [Timeframe.DAY, Timeframe.HOUR])
def test_every_bar_keeps_the_rules_of_candles(timeframe: Timeframe) -> None:
    panel = simulate(SimulationParams(START, START + 900 * timeframe.delta, timeframe, assets=60), 2).panel
    seen = np.isfinite(panel.close)
    for name in ("open", "high", "low", "volume"):
        assert np.array_equal(np.isfinite(getattr(panel, name)), seen)
    opened, high, low, close = (getattr(panel, name)[seen] for name in BAR_FIELDS[:4])
    assert (low > 0).all()
    assert (low <= np.minimum(opened, close)).all()
    assert (high >= np.maximum(opened, close)).all()
    assert (panel.volume[seen] > 0).all()
    caps = np.isfinite(panel.market_cap)
    assert not caps[~seen].any()
    assert 0.6 < caps.sum() / seen.sum() < 1.0


def test_a_bar_opens_near_the_close_before_it(market: SimulatedMarket) -> None:
    gaps = np.abs(np.log(market.panel.open[1:] / market.panel.close[:-1]))
    assert np.nanmedian(gaps) < 0.001
    assert np.nanmax(gaps[:, 0]) < 0.02  # BTC has no missing bars behind which the price could move


def test_there_are_late_listings_delistings_collapses_gaps_and_stale_stretches(
    market: SimulatedMarket,
) -> None:
    panel, truth = market.panel, market.truth
    seen = np.isfinite(panel.close)
    last = panel.times[-1]
    late = (truth.listed > panel.times[0]) & (truth.listed <= last)
    gone = truth.delisted <= last
    assert late.sum() > 20
    assert gone.sum() > 10
    assert (truth.collapses <= last).sum() > 5
    for coin in np.flatnonzero(late):
        assert not seen[panel.times < truth.listed[coin], coin].any()
    for coin in np.flatnonzero(gone):
        assert not seen[panel.times >= truth.delisted[coin], coin].any()
    first, final = seen.argmax(axis=0), len(seen) - 1 - seen[::-1].argmax(axis=0)
    rows = np.arange(len(seen))[:, None]
    holes = (~seen & (rows > first) & (rows < final)).sum() / seen.sum()
    assert 0.0005 < holes < 0.01
    still = (np.diff(panel.close, axis=0) == 0).sum() / seen.sum()
    assert 0.0001 < still < 0.02
    assert seen[:, :2].all()


def test_a_collapse_takes_most_of_the_price_within_days(market: SimulatedMarket) -> None:
    panel = market.panel
    falls = []
    for coin, moment in enumerate(market.truth.collapses):
        row = int(panel.times.searchsorted(moment)) if moment <= panel.times[-5] else 0
        if row > 0 and np.isfinite(panel.close[[row - 1, row + 3], coin]).all():
            falls.append(panel.close[row + 3, coin] / panel.close[row - 1, coin])
    assert len(falls) > 3
    assert np.median(falls) < 0.2


def test_stablecoins_stay_at_their_peg(market: SimulatedMarket) -> None:
    pegged = market.panel.close[:, market.panel.is_stable]
    assert pegged.shape[1] >= 3
    assert np.nanmax(np.abs(pegged - 1.0)) < 0.005
    assert np.nanstd(pegged) > 0.0001


def test_volatility_tails_clustering_and_correlation_are_those_of_crypto(
    market: SimulatedMarket, returns: pd.DataFrame
) -> None:
    """Bounds around 2020-24: BTC 3.5 % a day, alts 4.7 to 8.3 %, correlation with BTC 0.45 to 0.70."""
    bitcoin = returns["BTC"]
    others = returns.drop(columns=["BTC", "ETH"])
    assert 0.024 < bitcoin.std() < 0.046
    assert 0.045 < others.std().median() < 0.080
    assert 0.45 < others.corrwith(bitcoin).median() < 0.75
    assert others.kurt().median() > 3.0
    assert others.abs().apply(lambda coin: coin.autocorr(1)).median() > 0.08
    assert abs(others.apply(lambda coin: coin.autocorr(1)).median()) < 0.08


def test_the_range_fits_the_move_as_in_a_brownian_bar(market: SimulatedMarket, returns: pd.DataFrame) -> None:
    """Expected range over expected absolute move: sqrt(8 / pi) / sqrt(2 / pi) = 2."""
    spread = np.log(market.panel.frame("high") / market.panel.frame("low"))[returns.columns]
    assert (spread.mean() / returns.abs().mean()).median() == pytest.approx(2.0, abs=0.1)


def test_volume_swells_with_the_move_and_with_size(market: SimulatedMarket, returns: pd.DataFrame) -> None:
    volume = np.log(market.panel.frame("volume"))[returns.columns]
    assert volume.diff().corrwith(returns.abs()).median() > 0.15
    size, traded = (market.panel.frame(name).median().to_numpy() for name in ("market_cap", "volume"))
    known = np.isfinite(size)
    assert np.corrcoef(rankdata(size[known]), rankdata(traded[known]))[0, 1] > 0.5


def test_states_last_for_months_and_move_the_market_as_they_say() -> None:
    calm = StateParams(0.01, 0.01, 100.0, (0.0, 1.0, 0.0, 0.0))
    wild = StateParams(-0.01, 0.05, 50.0, (1.0, 0.0, 0.0, 0.0))
    params = SimulationParams(START, START + 6_000 * DAY, assets=2, states=(calm, wild, calm, calm))
    truth = simulate(params, 9).truth
    settled = np.flatnonzero(truth.state < 2)[0]
    state, market = truth.state[settled:], truth.market[settled:]
    assert set(truth.states()[settled:]) == {MarketState.BULL, MarketState.BEAR}
    assert 50 < len(state) / (np.diff(state) != 0).sum() < 110  # 75 days on the mean
    assert market[state == 0].mean() == pytest.approx(0.01, abs=0.001)
    assert market[state == 1].mean() == pytest.approx(-0.01, abs=0.004)
    assert 3 < market[state == 1].std() / market[state == 0].std() < 7


def test_the_true_edge_is_there_and_has_a_limit(market: SimulatedMarket) -> None:
    """Rank correlation of the known drift with the next seven days: 0.35; no honest model can pass it."""
    panel, scores = market.panel, []
    for row in range(100, len(panel.times) - 8, 7):
        ahead = np.log(panel.close[row + 7] / panel.close[row])
        able = np.isfinite(ahead) & ~panel.is_stable
        scores.append(np.corrcoef(rankdata(market.truth.alpha[row, able]), rankdata(ahead[able]))[0, 1])
    assert 0.25 < np.mean(scores) < 0.45


def test_without_premia_the_drift_orders_coins_by_variance_alone() -> None:
    params = SimulationParams(START, START + 50 * DAY, assets=20, low_volatility=0.0, momentum=0.0)
    alpha = simulate(params, 1).truth.alpha
    assert (alpha <= 0).all()


def test_all_sectors_have_members_from_the_start(market: SimulatedMarket) -> None:
    alive = np.isfinite(market.panel.close[0])
    members = {sector for sector, there in zip(market.sectors, alive, strict=True) if there}
    assert members == set(SECTORS)
    assert market.panel.is_stable.tolist() == [sector == "Stablecoins" for sector in market.sectors]


def test_only_btc_and_eth_bear_real_tickers_and_every_name_says_simulated() -> None:
    market = simulate(SimulationParams(START, START + DAY, assets=1_000), 1)
    assert market.panel.symbols[:2] == ("BTC", "ETH")
    assert all(symbol.endswith("SIM") for symbol in market.panel.symbols[2:])
    assert len(set(market.panel.symbols)) == len(set(market.names)) == 1_000
    assert all(name.endswith("(simulated)") for name in market.names)


def test_btc_and_eth_are_the_largest_at_the_start(market: SimulatedMarket) -> None:
    caps = np.where(market.panel.is_stable, np.nan, market.panel.market_cap)[0]
    assert np.argsort(-caps)[:2].tolist() == [0, 1]
    assert 0.4 < caps[0] / np.nansum(caps) < 0.75


def test_outside_markets_are_closed_on_weekends(market: SimulatedMarket) -> None:
    macro = market.macro
    weekend = macro.index.day_of_week >= 5
    assert tuple(macro.columns) == MACRO_SERIES
    closed = list(MACRO_SERIES[3:])
    assert macro.loc[weekend, closed].isna().all().all()
    assert macro.loc[~weekend, closed].notna().all().all()
    assert macro[list(MACRO_SERIES[:3])].notna().all().all()
    assert macro["fear_greed_index"].between(0, 100).all()
    month = np.log(market.panel.frame("close")["BTC"]).diff(30)
    assert macro["fear_greed_index"].corr(month) > 0.5
    assert np.log(macro["sp500"].dropna()).diff().corr(np.log(macro["vix_index"].dropna()).diff()) < -0.3


def test_macro_series_of_hourly_bars_have_one_row_a_complete_day() -> None:
    params = SimulationParams(START, START + timedelta(hours=53), Timeframe.HOUR, assets=2)
    assert simulate(params, 1).macro.index.tolist() == [pd.Timestamp(START), pd.Timestamp(START + DAY)]


def test_ending_gives_the_bars_closed_by_the_end() -> None:
    # at 03:00 the day of 9 March is open, so 8 March is the last of 5 days: 4, 5, 6, 7, 8
    end = datetime(2024, 3, 9, 3, tzinfo=UTC)
    days = simulate(SimulationParams.ending(end, bars=5, assets=2), 1).panel
    assert days.times[[0, -1]].day.tolist() == [4, 8]
    # 5 hourly bars: 22, 23, 0, 1, 2 o'clock; the market begins at midnight, so 27 bars
    hours = simulate(SimulationParams.ending(end, bars=5, timeframe=Timeframe.HOUR, assets=2), 1).panel
    assert (len(hours.times), hours.times[-1].hour) == (27, 2)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"timeframe": Timeframe.WEEK}, "timeframe"),
        ({"start": START + timedelta(hours=1)}, "start"),
        ({"assets": 1}, "assets"),
        ({"assets": 1_501}, "assets"),
        ({"end": START + timedelta(hours=23)}, "end"),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_field(change: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=f"^{word}: "):
        replace(SimulationParams(START, START + DAY), **change)  # type: ignore[arg-type]


def test_make_panel_holds_what_it_promises() -> None:
    seen = np.isfinite((panel := make_panel(bars=100, assets=11)).close)
    assert not seen[:40, LATE].any()
    assert seen[40:, LATE].any()
    assert seen[:70, DELISTED].any()
    assert not seen[70:, DELISTED].any()
    assert not seen[50:53, HOLED].any()
    assert seen[[49, 53], HOLED].all()
    assert panel.is_stable[STABLE]
