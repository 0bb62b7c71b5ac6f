"""Every provider's file, written out small: what it says must come out, and nothing else."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.formats import CandleSource, Reject, open_source

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Read = tuple[CandleSource, pd.DataFrame, list[Reject]]


def read(path: Path, text: str | bytes, **options: Any) -> Read:
    """Writes the file, reads it whole."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    source = open_source(path, now=NOW, **options)
    batches = list(source)
    frame = pd.concat([batch.frame().astype({"symbol": str}) for batch in batches], ignore_index=True)
    return source, frame, [reject for batch in batches for reject in batch.rejects]


def days(*dates: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(date, tz="UTC") for date in dates]


LONG = """symbol,timestamp,open,high,low,close,volume,market_cap,source
BTC,2024-01-01,100,110,90,105,1000,2000,x
BTC,2024-01-02,105,120,100,115,,,x
LUNA#0,2024-01-01,1e-9,2e-9,1e-9,1.5e-9,5,,y
"""


def test_the_long_format_is_read_as_it_stands(tmp_path: Path) -> None:
    source, frame, rejects = read(tmp_path / "x.csv", LONG)
    assert (source.format, source.timeframe, source.volume_unit) == ("long", "1d", "usd")
    assert not rejects
    assert list(frame.symbol) == ["BTC", "BTC", "LUNA#0"]
    assert list(frame.open_time) == days("2024-01-01", "2024-01-02", "2024-01-01")
    assert list(frame.close) == [105, 115, 1.5e-9]
    assert list(frame.volume) == [1000, 0, 5]
    assert list(frame.volume_missing) == [False, True, False]
    assert frame.market_cap[0] == 2000 and frame.market_cap[1:].isna().all()
    assert list(frame.line) == [2, 3, 4]
    assert dict(source.counts) == {"rows": 3, "candles": 3, "identical": 0, "volume_missing": 1}


BINANCE = "{0},100,110,90,105,10,{1},1040,7,5,520,0\n{2},105,120,100,115,20,{3},2200,9,10,1100,0\n"
BINANCE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n"
)


@pytest.mark.parametrize("header", ["", BINANCE_HEADER])
@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
def test_binance_klines_are_read_with_and_without_header_in_any_unit_of_time(
    tmp_path: Path, header: str, unit: int
) -> None:
    opens = [1704067200 * unit, 1704153600 * unit]
    text = header + BINANCE.format(opens[0], opens[1] - 1, opens[1], opens[1] + 86400 * unit - 1)
    source, frame, rejects = read(tmp_path / "BTCUSDT-1d-2024-01.csv", text)
    assert (source.format, source.timeframe) == ("binance", "1d")
    assert not rejects
    assert list(frame.symbol.unique()) == ["BTC"]
    assert list(frame.open_time) == days("2024-01-01", "2024-01-02")
    assert list(frame.volume) == [1040, 2200]
    assert list(frame.vwap) == [104, 110]
    assert list(frame.trade_count) == [7, 9]


def test_binance_archives_are_read_zipped(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1d-2024-01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ETHUSDT-1d-2024-01.csv", BINANCE.format(1704067200, 0, 1704153600, 0))
    frame = next(iter(open_source(path, now=NOW))).frame()
    assert list(frame.symbol) == ["ETH", "ETH"]


@pytest.mark.parametrize(
    "header",
    ["", "startTime,open,high,low,close,volume,turnover\n", "start,open,high,low,close,volume,turnover\n"],
)
def test_bybit_klines_count_turnover_in_dollars(tmp_path: Path, header: str) -> None:
    text = header + "1704070800000,105,120,100,115,20,2200\n1704067200000,100,110,90,105,10,1040\n"
    source, frame, rejects = read(tmp_path / "bybit_SOLUSDT_60.csv", text)
    assert (source.format, source.timeframe) == ("bybit", "1h")
    assert not rejects
    assert list(frame.volume) == [2200, 1040]
    assert list(frame.symbol) == ["SOL", "SOL"]


def test_an_inverse_contract_counts_its_dollars_as_volume(tmp_path: Path) -> None:
    # 2080 dollars change hands at 104: 20 coins.
    text = "1704067200,100,110,90,105,2080,20\n1704153600,105,120,100,115,2200,20\n"
    _, frame, _ = read(tmp_path / "BTCUSD.csv", text)
    assert list(frame.volume) == [2080, 2200]
    assert list(frame.vwap) == [104, 110]


def test_bare_klines_count_coins_at_the_typical_price(tmp_path: Path) -> None:
    text = "2020.03.25 10:36,100,110,90,100,2\n2020.03.25 10:37,100,110,90,100,0\n"
    source, frame, rejects = read(tmp_path / "BTCUSDT_1_2020-03-25_2020-03-31.csv", text)
    assert (source.format, source.timeframe) == ("klines", "1m")
    assert not rejects
    assert list(frame.volume) == [200, 0]


def test_cryptodatadownload_has_its_address_on_top_and_the_newest_first(tmp_path: Path) -> None:
    text = (
        "https://www.CryptoDataDownload.com\n"
        "unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount\n"
        "1704153600000,2024-01-02,BTC/USDT,105,120,100,115,20,2200,9\n"
        "1704067200,2024-01-01,BTCUSDT,100,110,90,105,10,1040,7\n"
    )
    source, frame, rejects = read(tmp_path / "x.csv", text)
    assert (source.format, source.timeframe) == ("cryptodatadownload", "1d")
    assert not rejects
    assert list(frame.symbol) == ["BTC", "BTC"]
    assert list(frame.open_time) == days("2024-01-02", "2024-01-01")
    assert list(frame.volume) == [2200, 1040]
    assert list(frame.trade_count) == [9, 7]
    assert list(frame.line) == [3, 4]


def test_older_cryptodatadownload_writes_the_hour_with_am_and_pm(tmp_path: Path) -> None:
    text = (
        "https://www.CryptoDataDownload.com\nDate,Symbol,Open,High,Low,Close,Volume BTC,Volume USD\n"
        "2019-10-17 01-PM,BTCUSD,100,110,90,105,10,1040\n2019-10-17 12-PM,BTCUSD,100,110,90,105,10,1040\n"
    )
    _, frame, rejects = read(tmp_path / "x.csv", text)
    assert not rejects
    assert list(frame.open_time) == days("2019-10-17 13:00", "2019-10-17 12:00")


def test_coingecko_at_midnight_is_the_close_of_the_day_before(tmp_path: Path) -> None:
    text = (
        "snapped_at,price,market_cap,total_volume\n"
        "2024-01-01 00:00:00 UTC,100,1000,10\n2024-01-02 00:00:00 UTC,110,1100,20\n"
        "2024-01-03 00:00:00 UTC,120,,30\n2024-01-03 11:20:00 UTC,130,1300,40\n"
    )
    source, frame, rejects = read(tmp_path / "btc-usd-max.csv", text)
    assert (source.format, source.timeframe) == ("coingecko", "1d")
    assert list(frame.open_time) == days("2023-12-31", "2024-01-01", "2024-01-02")
    assert list(frame.symbol.unique()) == ["BTC"]
    assert all((frame[name] == frame.close).all() for name in ("open", "high", "low"))
    assert source.layout.close_only
    assert list(frame.volume) == [10, 20, 30]
    assert [(reject.line, reject.reason) for reject in rejects] == [(5, "off_grid")]


def test_coingecko_within_the_day_knows_no_volume_of_the_hour(tmp_path: Path) -> None:
    text = (
        "snapped_at,price,market_cap,total_volume\n2024-01-01 10:02:13 UTC,100,1000,10\n"
        "2024-01-01 11:01:40 UTC,110,1100,20\n2024-01-01 12:03:02 UTC,120,1200,20\n"
    )
    source, frame, rejects = read(tmp_path / "eth-usd.csv", text, timeframe="1h")
    assert not rejects and source.timeframe == "1h"
    assert list(frame.open_time) == days("2024-01-01 09:00", "2024-01-01 10:00", "2024-01-01 11:00")
    assert frame.volume_missing.all()


@pytest.mark.parametrize(
    "text",
    [
        "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-01,100,110,90,105,105,1040\n"
        "2024-01-02,105,120,100,115,115,2200\n",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
        "2024-01-01 00:00:00+00:00,100,110,90,105,1040,0.0,0.0\n"
        "2024-01-02 00:00:00+00:00,105,120,100,115,2200,0.0,0.0\n",
        "Price,Close,High,Low,Open,Volume\nTicker,BTC-USD,BTC-USD,BTC-USD,BTC-USD,BTC-USD\nDate,,,,,\n"
        "2024-01-01,105,110,90,100,1040\n2024-01-02,115,120,100,105,2200\n",
    ],
)
def test_yahoo_is_read_with_older_and_newer_headers(tmp_path: Path, text: str) -> None:
    source, frame, rejects = read(tmp_path / "BTC-USD.csv", text)
    assert (source.format, source.timeframe) == ("yahoo", "1d")
    assert not rejects
    assert list(frame.symbol.unique()) == ["BTC"]
    assert frame[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == [
        [100, 110, 90, 105, 1040],
        [105, 120, 100, 115, 2200],
    ]


def test_coinmarketcap_is_read_with_semicolons(tmp_path: Path) -> None:
    text = (
        "﻿timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"
        '"2024-01-02T00:00:00.000Z";"2024-01-02T23:59:59.999Z";"2024-01-02T03:00:00.000Z";'
        '"2024-01-02T05:00:00.000Z";"2781";105;120;100;115;2200;5000;"2024-01-02T23:59:59.999Z"\n'
        '"2024-01-01T00:00:00.000Z";"2024-01-01T23:59:59.999Z";"2024-01-01T03:00:00.000Z";'
        '"2024-01-01T05:00:00.000Z";"2781";100;110;90;105;1040;4000;"2024-01-01T23:59:59.999Z"\n'
    )
    path = tmp_path / "Bitcoin_1_1_2024-2_1_2024_historical_data_coinmarketcap.csv"
    source, frame, rejects = read(path, text)
    assert (source.format, source.timeframe) == ("coinmarketcap", "1d")
    assert not rejects
    assert list(frame.open_time) == days("2024-01-02", "2024-01-01")
    assert list(frame.market_cap) == [5000, 4000]
    assert list(frame.symbol.unique()) == ["BTC"]


def test_older_coinmarketcap_names_months_and_parts_thousands(tmp_path: Path) -> None:
    text = (
        "Date,Open*,High,Low,Close**,Volume,Market Cap\n"
        '"Apr 29, 2013","1,134.44","1,147.49",134.00,"1,144.54",-,"1,603,768,865"\n'
        '"Apr 28, 2013",135.30,135.98,132.10,134.21,"1,040",-\n'
    )
    source, frame, rejects = read(tmp_path / "bitcoin.csv", text)
    assert (source.format, source.timeframe) == ("coinmarketcap", "1d")
    assert not rejects
    assert list(frame.open_time) == days("2013-04-29", "2013-04-28")
    assert list(frame.open) == [1134.44, 135.30]
    assert list(frame.volume) == [0, 1040] and list(frame.volume_missing) == [True, False]
    assert frame.market_cap[0] == 1603768865


def test_kaggle_days_end_at_the_last_second(tmp_path: Path) -> None:
    text = (
        "SNo,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap\n"
        "1,Aave,AAVE,2020-10-05 23:59:59,55.1,49.7,52.6,53.2,0.0,89128128.8\n"
        "2,Aave,AAVE,2020-10-06 23:59:59,53.4,40.7,53.2,42.4,583091.4,71011441.2\n"
    )
    source, frame, rejects = read(tmp_path / "coin_Aave.csv", text)
    assert (source.format, source.timeframe) == ("kaggle", "1d")
    assert not rejects
    assert list(frame.open_time) == days("2020-10-05", "2020-10-06")
    assert list(frame.open) == [52.6, 53.2]


def test_coin_metrics_gives_the_close_of_the_day_it_names(tmp_path: Path) -> None:
    text = (
        "time,AdrActCnt,CapMrktCurUSD,PriceUSD\n"
        "2010-07-17,1,,\n2010-07-18,860,293585.2,0.0858\n2010-07-19,928,2,0.08\n"
    )
    source, frame, rejects = read(tmp_path / "btc.csv", text)
    assert (source.format, source.timeframe) == ("coinmetrics", "1d")
    assert list(frame.open_time) == days("2010-07-18", "2010-07-19")
    assert frame.volume_missing.all()
    assert list(frame.symbol.unique()) == ["BTC"]
    assert [(reject.line, reject.reason) for reject in rejects] == [(2, "price_missing")]


def test_parquet_is_read_with_its_own_types_and_rows_counted_from_one(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table(
        {
            "symbol": pa.array(["BTC", "BTC", "ETH", "ETH"]).dictionary_encode(),
            "timestamp": pa.array(
                [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 1, 2)], pa.timestamp("ms", "UTC")
            ),
            "open": pa.array([1, 2, 3, -4]),
            "high": [1.0, 2.0, 3.0, 4.0],
            "low": [1.0, 2.0, 3.0, 4.0],
            "close": [1.0, 2.0, 3.0, 4.0],
            "volume": pa.array([None, 5.0, 6.0, 7.0], pa.float32()),
        }
    )
    pq.write_table(table, path)
    source = open_source(path, now=NOW)
    (batch,) = source
    assert source.timeframe == "1d" and source.size == 4
    assert list(batch.lines) == [1, 2, 3]
    assert list(batch.volume_missing) == [True, False, False]
    assert [(reject.line, reject.reason) for reject in batch.rejects] == [(4, "price")]
    assert "symbol=ETH" in batch.rejects[0].raw


def test_a_lone_volume_column_counts_coins_where_told_so(tmp_path: Path) -> None:
    _, frame, _ = read(tmp_path / "x.csv", LONG, volume_unit="base")
    assert frame.volume[0] == pytest.approx(1000 * (110 + 90 + 105) / 3)


def test_weeks_and_months_are_told_from_the_spacing(tmp_path: Path) -> None:
    head = "symbol,date,open,high,low,close,volume\n"
    rows = "BTC,{},1,1,1,1,1\nBTC,{},1,1,1,1,1\nBTC,{},1,1,1,1,1\n"
    weeks, _, none = read(tmp_path / "w.csv", head + rows.format("2024-01-01", "2024-01-08", "2024-01-15"))
    months, frame, no = read(tmp_path / "m.csv", head + rows.format("2024-01-01", "2024-02-01", "2024-03-01"))
    assert (weeks.timeframe, months.timeframe) == ("1w", "1M")
    assert not none and not no and len(frame) == 3


def test_the_symbol_option_renames_the_only_coin_of_a_file(tmp_path: Path) -> None:
    text = "".join(line for line in LONG.splitlines(keepends=True) if not line.startswith("LUNA"))
    _, frame, _ = read(tmp_path / "x.csv", text, symbol="luna#0")
    assert list(frame.symbol.unique()) == ["LUNA#0"]


def test_a_large_file_comes_in_batches_whose_lines_run_on(tmp_path: Path) -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    pad = "x" * 300
    rows = [f"BTC,{start + timedelta(minutes=at):%Y-%m-%d %H:%M},1,1,1,1,1,{pad}\n" for at in range(30_000)]
    rows[20_000] = "BTC,,1,1,1,1,1,\n"
    path = tmp_path / "x.csv.gz"
    path.write_bytes(
        gzip.compress(("symbol,time,open,high,low,close,volume,note\n" + "".join(rows)).encode(), 1)
    )
    source = open_source(path, now=NOW)
    batches = list(source)
    assert len(batches) > 1
    assert [int(line) for batch in batches for line in batch.lines] == [
        line for line in range(2, 30_002) if line != 20_002
    ]
    assert [reject.line for batch in batches for reject in batch.rejects] == [20_002]
    assert batches[-1].position == source.size


CANDLES = pd.DataFrame(
    {
        "symbol": [symbol for symbol in ("BTC", "ETH", "LUNA#0") for _ in range(13)],
        "timestamp": [1_704_067_200 + 86_400 * day for _ in range(3) for day in range(13)],
        "open": [1_000.5 + at for at in range(39)],
        "high": [1_300.25 + at for at in range(39)],
        "low": [900.125 + at for at in range(39)],
        "close": [1_200.75 + at for at in range(39)],
        "volume": [1_234_567.5 * (1 + at) for at in range(39)],
    }
)
TIMES = {
    "s": str,
    "ms": lambda at: str(at * 1_000),
    "us": lambda at: str(at * 1_000_000),
    "iso": lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
    "date": lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}",
    "offset": lambda at: (datetime.fromtimestamp(at, UTC) + timedelta(hours=at // 86_400 % 5 - 2)).strftime(
        f"%Y-%m-%d %H:%M:%S{at // 86_400 % 5 - 2:+03d}:00"
    ),
    "month": lambda at: f"{datetime.fromtimestamp(at, UTC):%b %d %Y}",
    "us_slashes": lambda at: f"{datetime.fromtimestamp(at, UTC):%m/%d/%Y}",
    "dots": lambda at: f"{datetime.fromtimestamp(at, UTC):%d.%m.%Y}",
    "last": lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d} 23:59:59",
}
NUMBERS = {
    "plain": repr,
    "thousands": lambda value: f"{value:,}",
    "comma": lambda value: f"{value:,}".translate(str.maketrans(",.", ".,")),
    "dollars": lambda value: f"${value:,}",
    "padded": lambda value: f"  {value} ",
}


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_however_the_same_candles_are_written_the_same_candles_are_read(
    tmp_path: Path, data: st.DataObject
) -> None:
    rows = CANDLES.iloc[data.draw(st.permutations(range(len(CANDLES))), label="order")]
    names = list(data.draw(st.permutations(list(CANDLES.columns)), label="columns"))
    time = TIMES[data.draw(st.sampled_from(sorted(TIMES)), label="time")]
    number = NUMBERS[data.draw(st.sampled_from(sorted(NUMBERS)), label="number")]
    delimiter = data.draw(st.sampled_from(",;\t|"), label="delimiter")
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), label="newline")
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), label="encoding")
    symbol = data.draw(st.sampled_from(["{}", "{}/USDT", "{}-usd", " {} "]), label="symbol")
    write = {"symbol": symbol.format, "timestamp": time} | dict.fromkeys(CANDLES.columns[2:], number)
    lines = [delimiter.join(names)] + [
        delimiter.join(f'"{write[name](row[name])}"' for name in names) for _, row in rows.iterrows()
    ]
    text = (newline.join(lines) + newline).encode(encoding)
    path = tmp_path / "x.csv"
    source, frame, rejects = read(path, gzip.compress(text) if data.draw(st.booleans(), label="gz") else text)
    assert not rejects
    assert source.timeframe == "1d"
    got = frame.rename(columns={"open_time": "timestamp"})[list(CANDLES.columns)]
    got["timestamp"] = got["timestamp"].astype("datetime64[s, UTC]").astype("int64")
    got = got.sort_values(["symbol", "timestamp"], ignore_index=True)
    pd.testing.assert_frame_equal(got, CANDLES, check_dtype=False)
