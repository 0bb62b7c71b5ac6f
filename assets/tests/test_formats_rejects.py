"""Bad input: a row is refused with its line and reason, a file with a message that says how to mend it."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.formats import Batch, FormatError, find_files, open_source
from assets.formats.symbols import from_file_name, holds_pairs, normalised

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
HEADER = "symbol,timestamp,open,high,low,close,volume\n"
GOOD = "BTC,2024-01-01,10,12,9,11,100\nBTC,2024-01-02,11,12,9,11,100\nBTC,2024-01-03,11,12,9,11,100\n"


def batch_of(path: Path, text: str, **options: Any) -> Batch:
    path.write_text(text, newline="")
    (batch,) = open_source(path, now=NOW, **options)
    return batch


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("BTC,2024-01-04,10,12,9", "columns"),
        ("BTC,2024-01-04,10,12,9,11,100,7,8", "columns"),
        ("BTC,soon,10,12,9,11,100", "time"),
        ("BTC,,10,12,9,11,100", "time"),
        ("BTC,2024-02-30,10,12,9,11,100", "time"),
        ("BTC,2008-12-31,10,12,9,11,100", "time_range"),
        ("BTC,2024-01-10,10,12,9,11,100", "not_closed"),
        ("BTC,2031-01-01,10,12,9,11,100", "not_closed"),
        ("BTC,2024-01-04T07:00:00Z,10,12,9,11,100", "off_grid"),
        (",2024-01-04,10,12,9,11,100", "symbol"),
        ("B C,2024-01-04,10,12,9,11,100", "symbol"),
        ("<b>,2024-01-04,10,12,9,11,100", "symbol"),
        ("ABCDEFGHIJKLMNOPQRSTU,2024-01-04,10,12,9,11,100", "symbol"),
        ("ETH/BTC,2024-01-04,10,12,9,11,100", "quote"),
        ("BTC-EUR,2024-01-04,10,12,9,11,100", "quote"),
        ("BTC,2024-01-04,ten,12,9,11,100", "number"),
        ("BTC,2024-01-04,10,12,9,11,1OO", "number"),
        ("BTC,2024-01-04,,12,9,11,100", "price_missing"),
        ("BTC,2024-01-04,NaN,12,9,11,100", "price_missing"),
        ("BTC,2024-01-04,0,12,0,11,100", "price"),
        ("BTC,2024-01-04,-1,12,-2,11,100", "price"),
        ("BTC,2024-01-04,10,inf,9,11,100", "price"),
        ("BTC,2024-01-04,10,10.5,9,11,100", "ohlc"),
        ("BTC,2024-01-04,10,12,10.5,11,100", "ohlc"),
        ("BTC,2024-01-04,10,12,9,11,-1", "volume"),
        ("BTC,2024-01-04,10,12,9,11,inf", "volume"),
        ("BTC,2024-01-02,11,12,9,11,101", "duplicate"),
        ('"BTC,2024-01-04,10,12,9,11,100', "columns"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_good_ones_land(
    tmp_path: Path, row: str, reason: str
) -> None:
    rows = GOOD.splitlines()
    batch = batch_of(tmp_path / "x.csv", HEADER + "\n".join([*rows[:2], row, rows[2]]) + "\n")
    assert [(reject.line, reject.reason, reject.raw) for reject in batch.rejects] == [(4, reason, row)]
    assert batch.rejects[0].message
    assert list(batch.lines) == [2, 3, 5]
    assert batch.rows == 4


def test_a_row_that_repeats_itself_is_counted_and_not_refused(tmp_path: Path) -> None:
    batch = batch_of(tmp_path / "x.csv", HEADER + GOOD + GOOD)
    assert (len(batch), batch.identical, list(batch.rejects)) == (3, 3, [])


def test_two_coins_with_one_ticker_do_not_mix(tmp_path: Path) -> None:
    other = GOOD.replace("10,12,9,11", "1,2,1,1").replace("11,12,9,11", "1,2,1,1")
    batch = batch_of(tmp_path / "x.csv", HEADER + GOOD + other)
    assert {reject.reason for reject in batch.rejects} == {"duplicate"}
    assert list(batch.close) == [11, 11, 11]


def test_blank_lines_do_not_shift_the_line_numbers(tmp_path: Path) -> None:
    batch = batch_of(tmp_path / "x.csv", "\n" + HEADER + "\n\n" + GOOD.replace("\n", "\n\n"))
    assert list(batch.lines) == [5, 7, 9]
    assert not batch.rejects


def test_a_file_without_a_last_line_break_loses_nothing(tmp_path: Path) -> None:
    assert len(batch_of(tmp_path / "x.csv", HEADER + GOOD.rstrip("\n"))) == 3


def test_zones_may_be_mixed_and_no_zone_is_utc(tmp_path: Path) -> None:
    text = (
        HEADER + "BTC,2024-01-01T02:00:00+02:00,1,1,1,1,1\nBTC,2024-01-02 00:00,1,1,1,1,1\n"
        "BTC,2024-01-02T19:00:00-05:00,1,1,1,1,1\nBTC,1704326400000,1,1,1,1,1\nBTC,1704412800,1,1,1,1,1\n"
    )
    batch = batch_of(tmp_path / "x.csv", text)
    assert list(np.diff(batch.open_time) // 86_400_000_000) == [1, 1, 1, 1]
    assert batch.frame().open_time[0] == datetime(2024, 1, 1, tzinfo=UTC)


def test_tiny_prices_keep_every_digit(tmp_path: Path) -> None:
    text = HEADER + "PEPE,2024-01-01,1e-9,1.23456789e-9,9.87e-10,0.00000000112,5\n"
    batch = batch_of(tmp_path / "x.csv", text, timeframe="1d")
    assert (batch.high[0], batch.low[0], batch.close[0]) == (1.23456789e-9, 9.87e-10, 1.12e-9)


def test_what_printing_lost_is_widened_and_no_more(tmp_path: Path) -> None:
    text = HEADER + "BTC,2024-01-01,10,10.9999999999,9,11,1\nBTC,2024-01-02,10,10.9999,9,11,1\n"
    batch = batch_of(tmp_path / "x.csv", text)
    assert list(batch.high) == [11]
    assert [reject.reason for reject in batch.rejects] == ["ohlc"]


AMBIGUOUS = HEADER + "".join(f'BTC,2024-01-0{day},"1,234","1,235","1,233","1,234",5\n' for day in (1, 2, 3))
KLINES = "open_time,open,high,low,close,volume,quote_volume\n1704067200,1,1,1,1,1,1\n1704153600,1,1,1,1,1,1\n"


@pytest.mark.parametrize(
    ("name", "text", "fault", "says"),
    [
        ("x.csv", "", "empty", "empty"),
        ("x.csv", "\n\n", "empty", "empty"),
        ("x.csv", HEADER, "empty", "no rows"),
        ("x.csv", "# a remark\n", "empty", "comments"),
        ("x.csv", "name,age\nAnn,5\n", "unknown_columns", "name, age"),
        ("x.csv", "1,2,3\n4,5,6\n", "unknown_columns", "header"),
        ("x.csv", "symbol,date,close\nBTC,2024-01-01,5\n", "missing_columns", "open, high, low"),
        ("x.csv", HEADER + GOOD.splitlines()[0], "timeframe", "--timeframe"),
        ("x.csv", HEADER + "BTC,x,1,1,1,1,1\nBTC,y,1,1,1,1,1\n", "timeframe", "--timeframe"),
        ("data.csv", KLINES, "symbol", "--symbol"),
        ("ETHBTC-1d-2024-01.csv", KLINES, "quote", "dollar"),
        (
            "x.csv",
            AMBIGUOUS,
            "ambiguous_numbers",
            "1.234",
        ),
        (
            "x.csv",
            HEADER + "BTC,01/02/2024,1,1,1,1,1\nBTC,02/02/2024,1,1,1,1,1\n",
            "ambiguous_dates",
            "2024-01-31",
        ),
        ("x.csv", "PK or not\x00\x01\x02", "not_text", "CSV"),
        ("x.parquet", "PAR1 and then nothing", "truncated", "again"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    tmp_path: Path, name: str, text: str, fault: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        open_source(path, now=NOW)
    assert caught.value.fault == fault
    assert says in caught.value.message
    assert caught.value.path == path


@pytest.mark.parametrize("suffix", [".csv.gz", ".zip"])
@pytest.mark.parametrize("kept", [0.3, 0.999])
def test_a_truncated_archive_is_refused_before_its_first_row(
    tmp_path: Path, suffix: str, kept: float
) -> None:
    path = tmp_path / f"x{suffix}"
    text = (HEADER + GOOD * 500).encode()
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.csv", text)
    else:
        path.write_bytes(gzip.compress(text))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(FormatError) as caught:
        open_source(path, now=NOW)
    assert caught.value.fault == "truncated"


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_parquet_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"symbol": ["BTC"] * 1000}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(FormatError) as caught:
        open_source(path, now=NOW)
    assert caught.value.fault == "truncated"


def test_a_parquet_damaged_inside_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = 5_000
    columns = {name: np.arange(1.0, rows + 1) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(
        pa.table({"symbol": ["BTC"] * rows, "timestamp": 1_600_000_000 + 86_400 * np.arange(rows)} | columns),
        path,
    )
    whole = bytearray(path.read_bytes())
    whole[4:2_000] = b"\xff" * 1_996
    path.write_bytes(whole)
    with pytest.raises(FormatError) as caught:
        list(open_source(path, now=NOW))
    assert caught.value.fault == "truncated"


def test_a_bar_length_that_contradicts_the_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + GOOD)
    with pytest.raises(FormatError, match="rows are 1d apart"):
        open_source(tmp_path / "x.csv", timeframe="1h", now=NOW)
    with pytest.raises(FormatError, match="no bar length"):
        open_source(tmp_path / "x.csv", timeframe="2d", now=NOW)


def test_several_archived_files_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", HEADER)
        archive.writestr("b.csv", HEADER)
    with pytest.raises(FormatError, match="2 files"):
        open_source(tmp_path / "x.zip", now=NOW)


def test_one_name_for_a_file_of_many_coins_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + GOOD + GOOD.replace("BTC", "ETH"))
    with pytest.raises(FormatError, match="2 symbols"):
        open_source(tmp_path / "x.csv", symbol="BTC", now=NOW)


def test_folders_are_searched_through_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    names = [
        "b/x.csv",
        "a.CSV",
        "b/y.csv.gz",
        "c.parquet",
        "d.tsv",
        "e.txt",
        ".hidden.csv",
        ".git/x.csv",
        "f.pdf",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in find_files(tmp_path)]
    assert found == ["a.CSV", "b/x.csv", "b/y.csv.gz", "c.parquet", "d.tsv", "e.txt"]
    assert find_files(tmp_path / "f.pdf") == [tmp_path / "f.pdf"]


def test_a_folder_with_nothing_usable_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.pdf").touch()
    with pytest.raises(FormatError, match=r"\.csv.*\.parquet"):
        find_files(tmp_path)
    with pytest.raises(FormatError, match="no such"):
        find_files(tmp_path / "absent")
    with pytest.raises(FormatError, match="cannot be read"):
        open_source(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("raw", "ticker"),
    [
        ("btc", "BTC"),
        ("BTC/USDT", "BTC"),
        ("BTC/USDT:USDT", "BTC"),
        ("BTC-USD", "BTC"),
        ("BTCUSDT", "BTC"),
        ("ＢＴＣ", "BTC"),
        ("LUNA#0", "LUNA#0"),
        ("LUNA#0/USDT", "LUNA#0"),
        ("PYUSD", "PYUSD"),
        ("USDCUSDT", "USDC"),
        ("WBTC", "WBTC"),
        ("STETH", "STETH"),
        ("1000PEPE", "1000PEPE"),
        ("PERP", "PERP"),
        ("GST-SOL", "GST-SOL"),
        ("ETHBTC", "quote"),
        ("BTC/EUR", "quote"),
        ("ETH/SOL", "quote"),
        ("LUNA#", "symbol"),
        ("LUNA#x", "symbol"),
        ("", "symbol"),
        ("BTC\x00", "symbol"),
    ],
)
def test_tickers_have_one_spelling(raw: str, ticker: str) -> None:
    assert normalised(raw) == ticker


def test_a_column_of_pairs_is_told_from_one_of_tickers() -> None:
    assert holds_pairs(["BTCUSDT", "FOOUSDT", "PYUSD"])
    assert not holds_pairs(["BTC", "PYUSD"])
    assert not holds_pairs(["PYUSD", "WBTC"])
    assert normalised("FOOUSDT", pairs=True) == "FOO"
    assert normalised("FOOUSDT") == "FOOUSDT"
    assert normalised("FOOBTC", pairs=True) == "quote"


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("BTCUSDT-1d-2024-01.csv", "BTC"),
        ("BTC-USD.csv", "BTC"),
        ("Binance_BTCUSDT_1h.csv", "BTC"),
        ("Bitstamp_ETHUSD_d.csv.gz", "ETH"),
        ("coin_Bitcoin.csv", "BTC"),
        ("btc-usd-max.csv", "BTC"),
        ("S-USD.csv", "S"),
        ("SOL.parquet", "SOL"),
        ("ETHBTC-1h.csv", "quote"),
        ("candles.csv", None),
        ("export_2024.csv", None),
        ("mydata.csv", None),
        ("btc_and_eth.csv", None),
    ],
)
def test_file_names_tell_the_coin_or_nothing(name: str, ticker: str | None) -> None:
    assert from_file_name(Path(name)) == ticker
