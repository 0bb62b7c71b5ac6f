"""Archived bars are out of the way, not out of sight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from assets.engine.panel import same
from assets.engine.timeframe import Timeframe
from assets.models import Candle, CandleArchive
from assets.selectors import first_open, load_panel
from assets.services.archive import archive
from assets.services.store import store_candles
from assets.tests.stored import AssetFactory, batch, store

pytestmark = pytest.mark.django_db

DAY = Timeframe.DAY
START = datetime(2023, 12, 20, tzinfo=UTC)
END = START + timedelta(days=30)


def coins(count: int = 3) -> list[int]:
    made = [AssetFactory().pk for _ in range(count)]
    for number, pk in enumerate(made, start=1):
        moments = [START + timedelta(days=n) for n in range(30)]
        caps = [float("nan") if n % 2 else 5.0 for n in range(30)]
        store(DAY, batch(pk, moments, [float(number * 100 + n) for n in range(30)], market_cap=caps))
    return made


def test_a_panel_reads_the_same_before_and_after() -> None:
    coins()
    before = load_panel(DAY, END, 30)
    assert archive(DAY, START + timedelta(days=20), batch=7) == 60
    assert (Candle.objects.count(), CandleArchive.objects.count()) == (30, 60)
    assert same(load_panel(DAY, END, 30), before)
    assert first_open(DAY) == START


def test_running_it_again_moves_nothing_twice() -> None:
    coins()
    archive(DAY, START + timedelta(days=20))
    assert archive(DAY, START + timedelta(days=20)) == 0
    assert archive(Timeframe.HOUR, END) == 0
    assert archive(DAY, END) == 30
    assert CandleArchive.objects.count() == 90


def test_importing_archived_bars_again_doubles_nothing_and_fills_holes() -> None:
    (coin,) = coins(1)
    archive(DAY, END)  # all of it: the newest bar too
    moments = [START + timedelta(days=n) for n in range(-1, 30)]
    closes = [99.0, *(100.0 + n for n in range(30))]
    again = store_candles(DAY, batch(coin, moments, closes))
    assert (again.new, again.unchanged, len(again.conflicts)) == (1, 30, 0)
    assert Candle.objects.get().close == 99.0


def test_an_archived_bar_keeps_its_values_unless_revised() -> None:
    (coin,) = coins(1)
    archive(DAY, END)
    changed = batch(coin, [START], [777.0])
    np.testing.assert_array_equal(store_candles(DAY, changed).conflicts, [0])
    assert CandleArchive.objects.get(candle_time=START).close == 100.0
    assert store_candles(DAY, changed, revise=True).revised == 1
    assert CandleArchive.objects.get(candle_time=START).close == 777.0
    assert not Candle.objects.exists()


def test_the_command_keeps_the_newest_days(capsys: pytest.CaptureFixture[str]) -> None:
    coins(1)
    call_command("archive_candles", "--timeframe=1d", "--days=36500")
    call_command("archive_candles", "--timeframe=1d", "--days=1")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0", "30"]
    for days in ("0", "999999999"):
        with pytest.raises(CommandError, match=f"--days: {days}"):
            call_command("archive_candles", "--timeframe=1d", f"--days={days}")
