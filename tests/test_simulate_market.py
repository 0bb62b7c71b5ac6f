"""A simulated market: complete, labelled, the same when it goes on, never over a real one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from assets.engine.panel import same
from assets.engine.timeframe import Timeframe
from assets.models import Asset, AssetType, Candle, DataImport, ImportKind, ImportStatus
from assets.selectors import is_simulated, load_panel
from assets.services import simulation as service
from assets.services.simulation import SimulationBusyError, SimulationError
from assets.services.store import store_candles
from assets.tests.stored import AssetFactory, batch
from cryptopredict import simulation
from macro.models import MetricsSnapshot
from sectors.models import SectorMapping
from trading import engine as trading

DAY = Timeframe.DAY
END = datetime(2024, 6, 1, tzinfo=UTC)
SMALL: dict[str, Any] = {"assets": 14, "days": 150, "seed": 4}


def simulate(end: datetime = END, **chosen: Any) -> DataImport:
    return simulation.run(end=end, **(SMALL | chosen))


@pytest.mark.django_db
def test_a_simulated_market_has_candles_series_sectors_and_a_label() -> None:
    record = simulate()
    assert (record.kind, record.status) == (ImportKind.SIMULATION, ImportStatus.COMPLETED)
    assert is_simulated()
    assert Candle.objects.count() == record.rows_stored == record.rows_read
    assert record.last_time == END - timedelta(days=1)
    assert set(Asset.objects.values_list("data_source", flat=True)) == {"simulated"}
    assert Asset.objects.get(symbol="BTC").name == "Bitcoin (simulated)"
    assert Asset.objects.filter(asset_type=AssetType.STABLECOIN).exists()
    assert MetricsSnapshot.objects.filter(fear_greed_index__isnull=False).count() == 150
    traded = Candle.objects.values("asset_id").distinct().count()
    assert SectorMapping.objects.count() == Asset.objects.count() == traded
    assert Asset.objects.get(symbol="BTC").market_cap_rank == 1


@pytest.mark.django_db
def test_a_newcomers_market_shows_signals_that_have_been_proved_to_pay() -> None:
    simulation.run(end=END, assets=40, days=800)  # all else as `manage.py up` has it
    panel = load_panel(DAY, END, 800)
    inputs = trading.prepare(panel)
    first = panel.shape[0] - 28
    fits = trading.fit_all(inputs, first)
    assert all(fit.proof.shown for fit in fits["timing_long"].values())
    assert trading.apply(inputs, fits, first).issued.any()


@pytest.mark.django_db
def test_a_market_carried_on_is_the_market_made_at_once() -> None:
    simulate(END - timedelta(days=40))
    before = load_panel(DAY, END - timedelta(days=40), 150)
    coins = Asset.objects.count()
    record = simulation.run(end=END)
    carried = load_panel(DAY, END, 190)
    assert same(carried.until(END - timedelta(days=40)).close[-150:, : before.shape[1]], before.close)
    assert record.rows_stored == Candle.objects.count()
    direct = service.simulate(service._decoded(record.parameters["params"]), SMALL["seed"]).panel
    columns = [direct.symbols.index(symbol) for symbol in carried.symbols]
    np.testing.assert_array_equal(carried.close, direct.close[:, columns])
    assert Asset.objects.count() >= coins
    assert MetricsSnapshot.objects.count() == 190
    assert DataImport.objects.count() == 1


@pytest.mark.django_db
def test_a_coin_listed_later_appears_with_its_first_bar() -> None:
    simulate(days=2)
    few = Asset.objects.count()
    simulation.run(end=END + timedelta(days=1_400))
    assert few < Asset.objects.count() == 14
    assert not Asset.objects.exclude(pk__in=Candle.objects.values("asset_id")).exists()


@pytest.mark.django_db
def test_a_second_run_to_the_same_bar_changes_nothing() -> None:
    first = simulate()
    again = simulate(END + timedelta(hours=5))
    assert (again.pk, again.rows_stored, again.last_time) == (first.pk, first.rows_stored, first.last_time)
    assert simulate(END - timedelta(days=10)).rows_stored == first.rows_stored


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), [("seed", 5), ("assets", 20), ("days", 90), ("timeframe", "1h")])
def test_another_market_is_refused_where_one_is(name: str, value: Any) -> None:
    simulate(days=30)
    with pytest.raises(CommandError, match=f"{name}: {value}, but the simulated market there was made with"):
        call_command("simulate_market", **{name: Timeframe(value) if name == "timeframe" else value})


@pytest.mark.django_db
def test_a_simulation_never_goes_over_a_real_market() -> None:
    real = AssetFactory(symbol="BTC")
    store_candles(DAY, batch(real.pk, [END], [1.0]))
    with pytest.raises(CommandError, match=r"holds real candles \(BTC and others\)"):
        call_command("simulate_market")
    assert not is_simulated()
    assert Candle.objects.count() == 1


@pytest.mark.django_db
def test_an_asset_without_candles_becomes_the_simulated_coin() -> None:
    AssetFactory(symbol="BTC", name="Bitcoin")
    simulate(days=30)
    bitcoin = Asset.objects.get(symbol="BTC")
    assert (bitcoin.name, bitcoin.data_source) == ("Bitcoin (simulated)", "simulated")


@pytest.mark.django_db
def test_an_interrupted_simulation_goes_on_with_nothing_doubled_or_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "_PIECE", 600)  # four coins a piece
    stops = iter([None, KeyboardInterrupt()])

    def stop(done: int, total: int) -> None:
        if (error := next(stops)) is not None:
            raise error

    with pytest.raises(KeyboardInterrupt):
        simulation.run(end=END, progress=stop, **SMALL)
    record = DataImport.objects.get()
    assert (record.status, record.error) == (ImportStatus.FAILED, "interrupted")
    part = Candle.objects.count()
    whole = simulate()
    assert 0 < part < Candle.objects.count() == whole.rows_read
    assert (whole.status, whole.error) == (ImportStatus.COMPLETED, "")
    assert MetricsSnapshot.objects.count() == 150


@pytest.mark.django_db(transaction=True)
def test_two_simulations_at_once_write_one_market() -> None:
    def work(_: int) -> bool:
        try:
            simulate(days=40)
        except SimulationBusyError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert any(pool.map(work, range(2)))
    assert DataImport.objects.get().rows_read == Candle.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"assets": 1}, "assets: 1 is not between"),
        ({"timeframe": Timeframe.WEEK}, "simulate days or finer bars"),
        ({"days": 10**8}, "before the calendar"),
        ({"days": 100_000, "assets": 1_000}, "more than"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_a_row(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        simulate(**chosen)
    assert not DataImport.objects.exists()


@pytest.mark.django_db
def test_the_newest_closed_bar_is_added_when_its_time_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    assert simulation.continue_simulation() == 0
    simulate()
    now = END + timedelta(days=1, seconds=1)
    monkeypatch.setattr("cryptopredict.simulation.timezone.now", lambda: now)
    added = simulation.continue_simulation()
    assert added == Candle.objects.filter(candle_time=END).count() > 0
    assert simulation.continue_simulation() == 0


@pytest.mark.django_db
def test_the_command_says_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("simulate_market", end=END, **SMALL)
    assert f"Simulated market 4: 14 coins, {Candle.objects.count()} bars of 1d" in capsys.readouterr().out
    with pytest.raises(CommandError, match="lies in the future"):
        call_command("simulate_market", end=datetime(2200, 1, 1, tzinfo=UTC))
    for argument in ("--assets=0", "--days=-3", "--seed=x"):
        with pytest.raises(CommandError, match="not a whole number"):
            call_command("simulate_market", argument)
