"""The law of no lookahead, bit for bit: what is said of a bar does not change when its future is cut off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from assets.engine.panel import BAR_FIELDS, Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.tests.factories import START, make_market
from cryptopredict import lookahead
from cryptopredict.lookahead import Market
from tests import markets

BARS, COINS = 600, 36
LAST = 25  # among how many of the last bars the checked ones are chosen
COLUMN = st.integers(0, COINS - 1)
GAP = st.tuples(COLUMN, st.integers(0, BARS - 1), st.integers(1, 40))
LISTING = st.tuples(COLUMN, st.integers(1, BARS - 1))


def with_holes(
    panel: Panel,
    gaps: list[tuple[int, int, int]],
    listed: list[tuple[int, int]],
    delisted: list[tuple[int, int]],
) -> Panel:
    """The panel without the bars of `gaps`, before a coin was `listed` and from when it was `delisted`."""
    missing = np.zeros(panel.shape, dtype=np.bool_)
    for column, start, length in gaps:
        missing[start : start + length, column] = True
    for column, row in listed:
        missing[:row, column] = True
    for column, row in delisted:
        missing[row:, column] = True
    return replace(panel, **{name: np.where(missing, np.nan, getattr(panel, name)) for name in BAR_FIELDS})


def speaking(results: dict[str, Any]) -> set[str]:
    """The layers whose learned part said something: figures that are all unknown agree whatever is done."""
    said = {
        "macro": results["macro"].recommended_exposure,
        "sectors": results["sectors"].market_cap,
        "selection": results["selection"].week.percentile,
        "trading": results["trading"].probability,
        "predictions": results["predictions"].half,
    }
    return {layer for layer, figures in said.items() if np.isfinite(figures).any()}


def test_no_figure_of_any_layer_depends_on_what_came_later() -> None:
    spoke: list[set[str]] = []

    def analyse(market: Market, first: int) -> dict[str, Any]:
        results = lookahead.funnel(market, first)
        spoke.append(speaking(results))
        return results

    @settings(
        max_examples=4,
        phases=[Phase.generate],  # a smaller market is no clearer, and each attempt at one takes seconds
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        seed=st.integers(1, 1000),
        gaps=st.lists(GAP, min_size=3, max_size=10),
        listed=st.lists(LISTING, min_size=1, max_size=2),
        delisted=st.lists(LISTING, min_size=1, max_size=2),
        rows=st.lists(st.integers(BARS - LAST, BARS - 2), min_size=1, max_size=2, unique=True),
    )
    def holds(seed: int, gaps: Any, listed: Any, delisted: Any, rows: list[int]) -> None:
        market = markets.in_memory(make_market(BARS, COINS, seed))
        market = replace(market, panel=with_holes(market.panel, gaps, listed, delisted))
        assert lookahead.check(market, sorted(rows), late=False, analyse=analyse) == []

    holds()
    assert set.union(*spoke) == set(lookahead.LAYERS)
    assert len(spoke) >= 8  # four markets, each with and without its future


def test_no_figure_depends_on_history_before_the_declared_look_back() -> None:
    bars = lookahead.lookback(Timeframe.DAY) + 60
    market = markets.in_memory(make_market(bars, COINS))
    assert lookahead.check(market, [bars - 8]) == []


@dataclass(frozen=True)
class Said:
    """Figures of a layer made up for a test, rows by coins."""

    first: int
    figure: Floats


def of_close(figure: Any) -> Any:
    """A funnel of one layer: some figure of the closing prices."""

    def analyse(market: Market, first: int) -> dict[str, Any]:
        return {"toy": Said(first, figure(market.panel.close)[first:])}

    return analyse


def tomorrow(close: Floats) -> Floats:
    return np.vstack((close[1:], close[-1:]))


HONEST = of_close(lambda close: np.vstack((close[:1], close[1:] / close[:-1])))
CHEATS = {
    "uses a later row": of_close(tomorrow),
    "scaled by all of history": of_close(lambda close: close / np.nanmax(close, axis=0)),
    "fills gaps backwards": of_close(lambda close: np.where(np.isnan(close), tomorrow(close), close)),
    "off by the last digit": of_close(lambda close: close * (1.0 + len(close) * 2.0**-52)),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_an_analysis_that_cheats_is_caught(cheat: str) -> None:
    market = markets.in_memory(make_market(120, 6))
    panel = with_holes(market.panel, [(2, 90, 1)], [], [])
    panel = replace(panel, close=np.where(np.arange(6) == 1, np.linspace(1, 9, 120)[:, None], panel.close))
    found = lookahead.check(replace(market, panel=panel), [70, 90, 110], analyse=CHEATS[cheat])
    assert found
    assert {(one.layer, one.cut, one.field) for one in found} == {("toy", "future cut off", "figure")}
    assert {one.as_of for one in found} <= {panel.as_of(row) for row in (70, 90, 110)}
    assert all(one.whole != one.without for one in found) or cheat == "off by the last digit"
    assert lookahead.check(replace(market, panel=panel), [70, 90, 110], analyse=HONEST) == []


def test_an_average_since_the_first_stored_bar_is_caught_by_the_late_start() -> None:
    bars = lookahead.lookback(Timeframe.DAY) + 30
    market = markets.in_memory(make_market(bars, 3))
    since_ever = of_close(lambda close: np.cumsum(np.nan_to_num(close), axis=0))
    [found] = lookahead.check(market, [bars - 5], analyse=since_ever)
    assert found.cut == "late start"


def test_the_real_funnel_fed_with_tomorrows_closes_is_caught_in_every_layer() -> None:
    market = markets.in_memory(make_market(BARS, COINS))

    def ahead(given: Market, first: int) -> dict[str, Any]:
        panel = given.panel
        return lookahead.funnel(replace(given, panel=replace(panel, close=tomorrow(panel.close))), first)

    found = lookahead.check(market, [BARS - 10], late=False, analyse=ahead)
    assert {one.layer for one in found} == set(lookahead.LAYERS)


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("check_lookahead", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_proves_it_on_what_is_stored() -> None:
    markets.store(make_market(BARS, COINS))
    text = " ".join(command("--samples", "1", "--span", "5", "--seed", "1").split())
    assert text.startswith("No lookahead: 1 bars x 5 layers agree bit for bit")


@pytest.mark.django_db
def test_the_command_shows_what_used_the_future_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    markets.store(make_market(40, 11))
    one = lookahead.Difference("macro", START, "future cut off", "confidence", "0.7", "0.6")
    monkeypatch.setattr(lookahead, "check", lambda market, rows, progress: [one])
    out = StringIO()
    with pytest.raises(CommandError, match="1 figures used the future"):
        call_command("check_lookahead", "--span", "10", stdout=out)
    assert "confidence" in out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "0"], "--samples: 0 bars cannot be checked; give 1 or more"),
        (["--samples", "3", "--span", "3"], "--span: 3 is too short for 3 samples; give 4 or more"),
        (["--as-of", "soon"], "soon"),
        (["--timeframe", "3h"], "3h"),
        ([], "there are no 1d candles to check; import some first"),
    ],
)
def test_bad_input_is_refused_in_words(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        command(*arguments)
