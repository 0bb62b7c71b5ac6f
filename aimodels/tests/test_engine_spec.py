"""When a model is fitted depends on the calendar, not on the data at hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.engine.spec import ModelSpec, ModelType, fit_time, fit_times, serving
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_panel

SPEC = ModelSpec(
    name="example",
    model_type=ModelType.ASSET,
    estimator="ridge",
    target="return of seven days",
    features=("momentum",),
    horizon_days=7,
    train_days=365,
    metric="ic",
    rival="last month",
)
LAW = settings(max_examples=100, deadline=None, derandomize=True)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=10_000)).map(datetime(2010, 1, 4, tzinfo=UTC).__add__)


def test_the_grid_by_hand() -> None:
    # 4 January 2010 is a Monday; 28 days later is 1 February
    assert fit_time(SPEC, datetime(2010, 1, 31, 23, tzinfo=UTC)) == datetime(2010, 1, 4, tzinfo=UTC)
    assert fit_time(SPEC, datetime(2010, 2, 1, tzinfo=UTC)) == datetime(2010, 2, 1, tzinfo=UTC)


@LAW
@given(moment=MOMENTS)
def test_a_fit_is_never_of_the_future_and_never_older_than_its_step(moment: datetime) -> None:
    fitted = fit_time(SPEC, moment)
    assert fitted <= moment < fitted + timedelta(days=SPEC.refit_days)
    assert fit_time(SPEC, fitted) == fitted


@pytest.mark.parametrize("timeframe", [Timeframe.DAY, Timeframe.HOURS_4])
def test_the_fits_of_a_row_do_not_depend_on_where_the_panel_starts_or_ends(timeframe: Timeframe) -> None:
    panel = make_panel(bars=300, assets=11, timeframe=timeframe)
    part = panel.rows(110, 260)
    assert set(fit_times(SPEC, part, 0)) <= set(fit_times(SPEC, panel, 0))
    assert fit_times(SPEC, part, 40) == fit_times(SPEC, panel.rows(None, 260), 150)


@pytest.mark.parametrize("first", [0, 1, 57, 299])
def test_every_row_is_served_once_by_the_last_fit_before_it(first: int) -> None:
    panel = make_panel(bars=300, assets=11)
    served = serving(SPEC, panel, first)
    assert list(served) == fit_times(SPEC, panel, first)
    rows = [row for part in served.values() for row in range(part.start, part.stop)]
    assert rows == list(range(first, 300))
    for moment, part in served.items():
        assert all(fit_time(SPEC, panel.as_of(row)) == moment for row in range(part.start, part.stop))


def test_nothing_is_served_past_the_last_row() -> None:
    panel = make_panel(bars=20, assets=11)
    assert fit_times(SPEC, panel, 20) == []
    assert serving(SPEC, panel, 20) == {}
