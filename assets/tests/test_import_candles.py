"""Importing: what is good lands once, what is not is written down, and the exit code says which."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg.errors
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from assets.engine.timeframe import Timeframe
from assets.formats import Batch, CandleSource, open_source
from assets.models import Asset, AssetType, Candle, DataImport, ImportKind, ImportStatus
from assets.services import imports, store
from assets.services.imports import Choices, ImportRefusedError, import_files
from assets.services.rejects import RejectsFile
from assets.tests.stored import AssetFactory, batch

HEADER = "symbol,timestamp,open,high,low,close,volume\n"
START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(symbol: str = "BTC", count: int = 5, close: float = 11.0, start: datetime = START) -> str:
    days = [start + timedelta(days=n) for n in range(count)]
    return "".join(f"{symbol},{day:%Y-%m-%d},10,{close + 1},9,{close},100\n" for day in days)


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., int]:
    """Runs the command and tells its exit code; the rejects are in rejects.csv of the test's folder."""

    def run(path: Path, **options: Any) -> int:
        try:
            call_command("import_candles", str(path), rejects=tmp_path / "rejects.csv", **options)
        except CommandError as error:
            return error.returncode
        return 0

    return run


def refused(folder: Path) -> list[dict[str, str]]:
    with (folder / "rejects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


pytestmark = pytest.mark.django_db


def test_good_rows_land_and_say_where_they_come_from(tmp_path: Path, imported: Callable[..., int]) -> None:
    path = write(tmp_path / "market.csv", HEADER + rows("BTC") + rows("USDT", close=10.0))
    assert imported(path) == 0
    assert Candle.objects.count() == 10
    record = DataImport.objects.get()
    assert (record.kind, record.status, record.source) == (ImportKind.CANDLES, "completed", str(path))
    assert (record.rows_read, record.rows_stored, record.rows_rejected) == (10, 10, 0)
    assert (record.first_time, record.last_time) == (START, START + timedelta(days=4))
    kinds = dict(Asset.objects.values_list("symbol", "asset_type"))
    assert kinds == {"BTC": AssetType.CRYPTO, "USDT": AssetType.STABLECOIN}
    assert Asset.objects.get(symbol="BTC").current_price == 11.0
    assert not (tmp_path / "rejects.csv").exists()


def test_bad_rows_are_written_down_and_the_good_ones_land(
    tmp_path: Path, imported: Callable[..., int]
) -> None:
    bad = (
        "BTC,2024-01-06,10,9,9,11,100\n"  # high below close
        "BTC,2024-01-07,10,12,0,11,100\n"
        "BTC,soon,10,12,9,11,100\n"
        "BTC,2199-01-01,10,12,9,11,100\n"
        "BTC,2024-01-05,10,12,9,10.5,100\n"  # stands above with other values
    )
    path = write(tmp_path / "market.csv", HEADER + rows() + bad)
    assert imported(path) == 3
    assert Candle.objects.count() == 5
    found = refused(tmp_path)
    assert [(row["line"], row["reason"]) for row in found] == [
        ("7", "ohlc"), ("8", "price"), ("9", "time"), ("10", "not_closed"), ("11", "duplicate"),
    ]  # fmt: skip
    assert found[2]["raw"] == "BTC,soon,10,12,9,11,100"
    assert all(row["file"] == str(path) and row["message"] for row in found)
    record = DataImport.objects.get()
    assert record.rejects == dict.fromkeys(["ohlc", "price", "time", "not_closed", "duplicate"], 1)
    assert (record.rows_read, record.rows_stored, record.rows_rejected) == (10, 5, 5)


def test_the_same_file_again_changes_nothing(tmp_path: Path, imported: Callable[..., int]) -> None:
    path = write(tmp_path / "market.csv", HEADER + rows())
    before = [imported(path), *Candle.objects.values_list()]
    after = [imported(path), *Candle.objects.values_list()]
    assert before == after
    record = DataImport.objects.latest("pk")
    assert (record.rows_stored, record.rows_unchanged) == (0, 5)


def test_other_values_for_a_stored_bar_are_refused_and_taken_on_request(
    tmp_path: Path, imported: Callable[..., int]
) -> None:
    imported(write(tmp_path / "a.csv", HEADER + rows()))
    second = write(tmp_path / "b.csv", HEADER + rows(count=4) + rows(close=12.0, start=START + timedelta(4)))
    assert imported(second) == 3
    (row,) = [row for row in refused(tmp_path) if row["line"] == "6"]
    assert (row["reason"], row["raw"]) == (
        "differs_from_stored",
        "BTC,2024-01-05T00:00:00Z,open=10,high=13,low=9,close=12,volume=100",
    )
    fifth = Candle.objects.filter(candle_time=START + timedelta(days=4))
    assert fifth.get().close == 11.0
    assert imported(second, revise=True) == 0
    assert fifth.get().close == 12.0
    assert Candle.objects.count() == 9


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"alpha,beta\n1,2\n", "no known format"),
        ("x.csv", b"", "the file is empty"),
        ("x.csv", HEADER.encode(), "no rows"),
        ("x.parquet", b"PAR1 and then no more", "cut off or damaged"),
        ("x.csv.gz", gzip.compress(HEADER.encode() + b"BTC" * 999)[:-20], "cut off or damaged"),
        ("notes.csv", b"timestamp,open,high,low,close,volume\n2024-01-01,1,1,1,1,1\n2024-01-02,1,1,1,1,1\n",
         "give --symbol"),
        ("BTC.csv", b"timestamp,open,high,low,close,volume\n2024-01-01,1,1,1,1,1\n", "give --timeframe"),
    ],
    ids=["columns", "empty", "no-rows", "parquet", "gzip", "symbol", "timeframe"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError, match=message) as refusal:
        call_command("import_candles", str(path))
    assert refusal.value.returncode == 1
    record = DataImport.objects.get()
    assert record.status == ImportStatus.FAILED
    assert message in record.error
    assert not Asset.objects.exists()


def test_what_is_not_there_or_holds_nothing_usable_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "notes.md", "hello")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    for path, message in (
        (tmp_path / "missing.csv", "no such file or folder"),
        (tmp_path, "holds nothing usable"),
        (tmp_path / "gone.csv", "no such file or folder"),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("import_candles", str(path))
    assert not DataImport.objects.exists()


def test_a_file_that_vanishes_on_the_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "market.csv", HEADER + rows())

    def vanished(file: Path, **options: Any) -> CandleSource:
        file.unlink()
        return open_source(file, **options)

    monkeypatch.setattr(imports, "open_source", vanished)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_candles", str(path))


def test_a_damaged_file_does_not_keep_the_others_of_a_folder(
    tmp_path: Path, imported: Callable[..., int]
) -> None:
    folder = tmp_path / "market"
    folder.mkdir()
    write(folder / "a.csv", "alpha,beta\n1,2\n")
    write(folder / "b.csv", HEADER + rows())
    write(folder / "c.csv", HEADER + rows("ETH"))
    assert imported(folder) == 3
    assert Candle.objects.count() == 10
    assert [record.status for record in DataImport.objects.order_by("pk")] == [
        "failed", "completed", "completed",
    ]  # fmt: skip


def test_awkward_files_land_whole(tmp_path: Path, imported: Callable[..., int]) -> None:
    bom = tmp_path / "bom.csv"
    bom.write_bytes(b"\xef\xbb\xbf" + (HEADER + rows("AAA")).encode())
    assert imported(bom) == 0
    newest_first = HEADER + "".join(reversed(rows("BBB").splitlines(keepends=True)))
    assert imported(write(tmp_path / "newest.csv", newest_first)) == 0
    zones = HEADER + (
        "CCC,2024-01-01T00:00:00Z,1,1,1,1,1\nCCC,2024-01-02T02:00:00+02:00,1,1,1,1,1\n"
        "CCC,2024-01-02T19:00:00-05:00,1,1,1,1,1\n"
    )
    assert imported(write(tmp_path / "zones.csv", zones)) == 0
    stamps = [int((START + timedelta(days=n)).timestamp()) for n in range(4)]
    units = HEADER + "".join(
        f"DDD,{stamp * 10 ** (3 * (n % 2))},1,1,1,1,1\n" for n, stamp in enumerate(stamps)
    )
    assert imported(write(tmp_path / "units.csv", units)) == 0
    tiny = HEADER.replace(",volume", "") + "".join(
        f"EEE,{START + timedelta(days=n):%Y-%m-%d},1e-9,2e-9,1e-9,1.5e-9\n" for n in range(3)
    )
    assert imported(write(tmp_path / "tiny.csv", tiny)) == 0
    counts = {
        symbol: Candle.objects.filter(asset__symbol=symbol).count()
        for symbol in ("AAA", "BBB", "CCC", "DDD", "EEE")
    }
    assert counts == {"AAA": 5, "BBB": 5, "CCC": 3, "DDD": 4, "EEE": 3}
    last = Candle.objects.filter(asset__symbol="EEE").latest("candle_time")
    assert (last.close, last.high, last.volume) == (1.5e-9, 2e-9, 0.0)


def test_pieces_of_a_taken_over_ticker_are_assets_of_their_own(
    tmp_path: Path, imported: Callable[..., int]
) -> None:
    assert imported(write(tmp_path / "x.csv", HEADER + rows("LUNA#0") + rows("LUNA"))) == 0
    assert set(Asset.objects.values_list("symbol", flat=True)) == {"LUNA#0", "LUNA"}
    assert Candle.objects.count() == 10


def test_two_coins_with_one_ticker_never_mix_silently(tmp_path: Path, imported: Callable[..., int]) -> None:
    assert imported(write(tmp_path / "x.csv", HEADER + rows("UNI") + rows("UNI", close=20.0))) == 3
    assert {row["reason"] for row in refused(tmp_path)} == {"duplicate"}
    assert imported(write(tmp_path / "y.csv", HEADER + rows("UNI", close=30.0))) == 3
    assert {row["reason"] for row in refused(tmp_path)} == {"differs_from_stored"}
    assert set(Candle.objects.values_list("close", flat=True)) == {11.0}


def test_real_candles_are_not_mixed_into_a_simulated_market(tmp_path: Path) -> None:
    coin = AssetFactory(symbol="BTC", data_source="simulated")
    store.store_candles(Timeframe.DAY, batch(coin.pk, [START], [1.0]))
    DataImport.objects.create(kind=ImportKind.SIMULATION, source="simulated")
    path = write(tmp_path / "market.csv", HEADER + rows())
    with pytest.raises(CommandError, match="holds a simulated market"):
        call_command("import_candles", str(path))
    assert Candle.objects.count() == 1


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int = 10) -> None:
    """Cut what the reader gives into batches of so many candles, as in a large file."""
    whole = CandleSource.__iter__

    def cut(self: CandleSource) -> Any:
        for found in whole(self):
            for first in range(0, len(found), size):
                yield _piece(found, slice(first, first + size))

    monkeypatch.setattr(CandleSource, "__iter__", cut)


def _piece(found: Batch, part: slice) -> Batch:
    arrays = {
        name: getattr(found, name)[part]
        for name in ("codes", "open_time", "open", "high", "low", "close", "volume", "volume_missing",
                     "market_cap", "trade_count", "vwap", "lines")
    }  # fmt: skip
    return Batch(
        symbols=found.symbols,
        rejects=(),
        rows=len(arrays["codes"]),
        identical=0,
        position=found.position,
        **arrays,
    )


def test_an_interrupted_import_is_made_good_by_running_it_again(
    tmp_path: Path, imported: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch)
    path = write(tmp_path / "market.csv", HEADER + rows(count=30))
    real, calls = imports.store_candles, iter([False, True])

    def stopped(*args: Any, **options: Any) -> Any:
        if next(calls, False):
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(imports, "store_candles", stopped)
    with pytest.raises(SystemExit) as left:
        imported(path)
    assert left.value.code == 130
    record = DataImport.objects.get()
    assert (record.status, record.error, record.rows_stored) == ("failed", "interrupted", 10)
    assert Candle.objects.count() == 10
    assert imported(path) == 0
    assert Candle.objects.count() == 30
    assert DataImport.objects.latest("pk").rows_stored == 20


def test_the_record_of_a_killed_import_is_closed_by_the_next(
    tmp_path: Path, imported: Callable[..., int]
) -> None:
    dead = DataImport.objects.create(kind=ImportKind.CANDLES, source="killed.csv")
    other = DataImport.objects.create(kind=ImportKind.SERIES, source="alive.csv")
    imported(write(tmp_path / "market.csv", HEADER + rows()))
    dead.refresh_from_db()
    other.refresh_from_db()
    assert (dead.status, dead.error) == (ImportStatus.FAILED, "interrupted")
    assert other.status == ImportStatus.RUNNING


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (psycopg.errors.DiskFull("could not extend file base/5/1234"), "disk is full"),
        (psycopg.OperationalError("server closed the connection"), "connection to the database was lost"),
        (psycopg.errors.OutOfMemory("secret detail"), r"refused a batch \(code 53200\)"),
    ],
)
def test_a_failing_database_rolls_the_batch_back_and_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: psycopg.Error, message: str
) -> None:
    small_blocks(monkeypatch)
    folder = tmp_path / "market"
    folder.mkdir()
    write(folder / "a.csv", HEADER + rows(count=30))
    write(folder / "b.csv", HEADER + rows("ETH"))
    real, calls = store._copy, iter([False, True])

    def full(*args: Any) -> None:
        real(*args)
        if next(calls, False):
            raise OperationalError("raw text of the database") from cause

    monkeypatch.setattr(store, "_copy", full)
    with pytest.raises(CommandError, match=message) as failure:
        call_command("import_candles", str(folder))
    assert failure.value.returncode == 1
    for expected in ("a.csv", "10 rows are stored", "1 files were not read"):
        assert expected in str(failure.value)
    for raw in ("raw text", "base/5", "secret"):
        assert raw not in str(failure.value)
    assert Candle.objects.count() == 10
    record = DataImport.objects.get()
    assert (record.status, record.rows_stored) == (ImportStatus.FAILED, 10)


def test_rejects_that_cannot_be_written_stop_the_import_with_nothing_unsaid(tmp_path: Path) -> None:
    path = write(tmp_path / "market.csv", HEADER + rows() + "BTC,soon,10,12,9,11,100\n")
    blocked = write(tmp_path / "file", "")
    with pytest.raises(CommandError, match="rejects cannot be written"):
        call_command("import_candles", str(path), rejects=blocked / "rejects.csv")
    assert not Candle.objects.exists()
    with pytest.raises(CommandError, match="is not a file of rejects"):
        call_command("import_candles", str(path), rejects=path)
    assert path.read_text().startswith(HEADER)


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_store_it_once(tmp_path: Path) -> None:
    path = write(tmp_path / "market.csv", HEADER + "".join(rows(f"C{n}", 40) for n in range(25)))

    def work(number: int) -> int:
        try:
            with RejectsFile(tmp_path / f"rejects{number}.csv") as rejects:
                (report,) = import_files([path], Choices(), rejects)
            assert not report.error
            assert not report.rejected
            return report.new
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 1_000
    assert Candle.objects.count() == 1_000
    assert Asset.objects.count() == 25


def test_queries_do_not_grow_with_coins(tmp_path: Path, imported: Callable[..., int]) -> None:
    imported(write(tmp_path / "first.csv", HEADER + rows()))  # makes the year's partition
    spent = []
    for count in (3, 30):
        path = write(tmp_path / f"{count}.csv", HEADER + "".join(rows(f"N{count}X{n}") for n in range(count)))
        with CaptureQueriesContext(connection) as queries:
            assert imported(path) == 0
        spent.append(len(queries))
    assert spent[0] == spent[1]


def test_nothing_is_imported_before_the_tables_are_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*args: Any) -> bool:
        raise OperationalError from psycopg.errors.UndefinedTable("relation assets_dataimport")

    monkeypatch.setattr(imports, "is_simulated", refuse)
    with pytest.raises(CommandError, match=r"run manage\.py migrate first"):
        call_command("import_candles", str(write(tmp_path / "x.csv", HEADER + rows())))


def test_a_refusal_comes_before_the_first_row(tmp_path: Path) -> None:
    DataImport.objects.create(kind=ImportKind.SIMULATION, source="simulated")
    coin = AssetFactory()
    store.store_candles(Timeframe.HOUR, batch(coin.pk, [START], [1.0]))
    with RejectsFile(tmp_path / "rejects.csv") as rejects, pytest.raises(ImportRefusedError):
        list(import_files([tmp_path / "never.csv"], Choices(), rejects))
