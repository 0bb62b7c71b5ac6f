"""Macro series and market caps: one value a day under one name, from every shape a file may have."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.formats import FormatError, Reject, SeriesSource, open_caps, open_series

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
Values = dict[str, dict[str, float]]


def read(path: Path, text: str, **options: Any) -> tuple[SeriesSource, Values, list[Reject]]:
    """Writes the file, reads it whole; values by series and day."""
    path.write_text(text)
    source = open_series(path, now=NOW, **options)
    batches = list(source)
    values: Values = {}
    for row in pd.concat(
        [batch.values for batch in batches if len(batch.values)] or [batches[0].values]
    ).itertuples():
        values.setdefault(str(row.series), {})[str(row.day)[:10]] = float(str(row.value))
    return source, values, [reject for batch in batches for reject in batch.rejects]


def test_a_wide_file_is_read_under_the_names_everybody_means(tmp_path: Path) -> None:
    text = (
        "Date,Fear & Greed,S&P 500,^VIX,DGS10,BTC.D,Hash Rate (EH/s),note\n"
        '2024-01-01,71,.,12.5,3.9,52.1,500,holiday\n2024-01-02,73,"4,742.83",13.2,,51.9,510,\n'
    )
    source, values, rejects = read(tmp_path / "macro.csv", text.replace("S&P 500", "sp500"))
    assert source.shape == "wide" and not rejects
    assert values == {
        "fear_greed_index": {"2024-01-01": 71, "2024-01-02": 73},
        "sp500": {"2024-01-02": 4742.83},
        "vix_index": {"2024-01-01": 12.5, "2024-01-02": 13.2},
        "us_10y_yield": {"2024-01-01": 3.9},
        "btc_dominance": {"2024-01-01": 52.1, "2024-01-02": 51.9},
        "hash_rate_eh_s": {"2024-01-01": 500, "2024-01-02": 510},
    }
    assert source.extended == ("hash_rate_eh_s",)
    assert source.ignored == ("note",)
    assert source.counts["missing"] == 2


def test_a_long_file_names_its_series_row_by_row(tmp_path: Path) -> None:
    text = (
        "date,series,value\n2024-01-01,VIXCLS,12.5\n2024-01-01,gold,2063\n"
        "2024-01-02,my index,7\n2024-01-02,,7\n"
    )
    source, values, rejects = read(tmp_path / "x.csv", text)
    assert source.shape == "long"
    assert values == {
        "vix_index": {"2024-01-01": 12.5},
        "gold": {"2024-01-01": 2063},
        "my_index": {"2024-01-02": 7},
    }
    assert [(reject.line, reject.reason) for reject in rejects] == [(5, "symbol")]


def test_fear_and_greed_is_read_from_json_and_from_csv(tmp_path: Path) -> None:
    records = [
        {"value": "26", "value_classification": "Fear", "timestamp": "1704153600", "time_until_update": "5"},
        {"value": "25", "value_classification": "Extreme Fear", "timestamp": "1704067200"},
    ]
    answer = json.dumps({"name": "Fear and Greed Index", "data": records})
    expected = {"fear_greed_index": {"2024-01-01": 25.0, "2024-01-02": 26.0}}
    assert read(tmp_path / "fng.json", answer)[1] == expected
    text = "date,fng_value,fng_classification\n01-01-2024,25,Fear\n02-01-2024,26,Fear\n13-01-2023,40,Fear\n"
    _, values, rejects = read(tmp_path / "fng.csv", text)
    assert not rejects
    assert values["fear_greed_index"] == expected["fear_greed_index"] | {"2023-01-13": 40.0}


def test_funding_is_the_sum_of_the_days_payments_of_bitcoin(tmp_path: Path) -> None:
    hours = (0, 8, 16)
    rows = [f"2024-01-0{day} {hour:02}:00,{0.0001 * day},BTC" for day in (1, 2) for hour in hours]
    rows += ["2024-01-03 00:00,0.5,BTC", "2024-01-01 00:00,0.9,ETH"]
    source, values, rejects = read(tmp_path / "x.csv", "ts,funding_rate,symbol\n" + "\n".join(rows))
    assert source.shape == "funding"
    assert values["funding_rate_btc"] == pytest.approx({"2024-01-01": 0.0003, "2024-01-02": 0.0006})
    assert [(reject.line, reject.reason) for reject in rejects] == [(8, "incomplete")]
    assert source.counts["other_coins"] == 1


def test_funding_without_a_coin_column_needs_bitcoin_in_the_file_name(tmp_path: Path) -> None:
    text = (
        "calc_time,funding_interval_hours,last_funding_rate\n1704067200000,8,0.0001\n1704096000000,8,0.0002\n"
    )
    _, values, _ = read(tmp_path / "BTCUSDT-fundingRate-2024-01.csv", text)
    assert values["funding_rate_btc"] == pytest.approx({"2024-01-01": 0.0003})
    with pytest.raises(FormatError, match="bitcoin"):
        read(tmp_path / "ETHUSDT-fundingRate-2024-01.csv", text)


def test_open_interest_is_the_days_last_over_all_contracts(tmp_path: Path) -> None:
    text = (
        "coin_symbol,symbol,date,oi_close\nBTC,BTCUSD_PERP,2024-01-01 08:00,1\n"
        "BTC,BTCUSD_PERP,2024-01-01 16:00,10\n"
        "BTC,BTCUSDT_PERP,2024-01-01 16:00,32\nETH,ETHUSD_PERP,2024-01-01 16:00,99\n"
    )
    assert read(tmp_path / "x.csv", text)[1] == {"open_interest_btc_contracts": {"2024-01-01": 42}}
    assert read(tmp_path / "x.csv", text, name="open_interest_btc")[1] == {
        "open_interest_btc": {"2024-01-01": 42}
    }


@pytest.mark.parametrize(
    ("name", "text", "series"),
    [
        ("x.csv", "DATE,SP500\n2024-01-01,.\n2024-01-02,4742.83\n", "sp500"),
        ("^GSPC.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,1,2,1,4742.83,3,9\n", "sp500"),
        ("gold.csv", "Date,Price\n2024-01-02,4742.83\n", "gold"),
    ],
)
def test_one_series_is_named_by_its_column_or_its_file(
    tmp_path: Path, name: str, text: str, series: str
) -> None:
    assert read(tmp_path / name, text)[1] == {series: {"2024-01-02": 4742.83}}


def test_of_several_values_a_day_the_last_in_time_counts(tmp_path: Path) -> None:
    text = "time,vix\n2024-01-02 20:00,14\n2024-01-02 09:00,13\n2024-01-01 23:59:59,12\n"
    assert read(tmp_path / "x.csv", text)[1] == {"vix_index": {"2024-01-01": 12, "2024-01-02": 14}}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("soon,50,20", "time"),
        ("2001-01-01,50,20", "time_range"),
        ("2024-01-10,50,20", "not_closed"),
        ("2024-01-03,101,20", "value"),
        ("2024-01-03,-1,20", "value"),
        ("2024-01-03,x1,20", "number"),
        ("2024-01-03,inf,20", "value"),
        ("2024-01-01,51,20", "duplicate"),
        ("2024-01-03,51", "columns"),
    ],
)
def test_a_bad_value_is_refused_with_its_line_and_spares_its_neighbours(
    tmp_path: Path, row: str, reason: str
) -> None:
    text = f"date,fear_greed,vix\n2024-01-01,50,20\n{row}\n2024-01-02,50,20\n"
    source, values, rejects = read(tmp_path / "x.csv", text)
    assert [(reject.line, reject.reason, reject.raw) for reject in rejects] == [(3, reason, row)]
    assert values["fear_greed_index"] == {"2024-01-01": 50, "2024-01-02": 50}
    spared = reason in ("value", "number")
    assert ("2024-01-03" in values["vix_index"]) is spared
    assert source.counts["rows"] == 3


def test_a_dominance_given_as_a_fraction_is_not_taken_for_per_cent(tmp_path: Path) -> None:
    _, values, rejects = read(tmp_path / "x.csv", "date,btc_dominance\n2024-01-01,0.52\n2024-01-02,52\n")
    assert values == {"btc_dominance": {"2024-01-02": 52}}
    assert [reject.reason for reject in rejects] == ["value"]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("x.csv", "", "empty"),
        ("x.csv", "name,age\nAnn,5\n", "missing_columns"),
        ("x.csv", "date,mood\n2024-01-01,good\n", "missing_columns"),
        ("x.csv", "2024-01-01,5\n2024-01-02,6\n", "unknown_columns"),
        ("x.csv", "date,price\n2024-01-01,5\n", "series"),
        ("x.json", "{", "truncated"),
        ("x.json", "5", "unknown_columns"),
        ("x.json", '{"data": []}', "empty"),
    ],
)
def test_a_file_without_series_is_refused(tmp_path: Path, name: str, text: str, fault: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError) as caught:
        open_series(tmp_path / name, now=NOW)
    assert caught.value.fault == fault


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    cells=st.dictionaries(
        st.tuples(st.sampled_from(["vix", "gold", "other"]), st.dates(date(2015, 1, 1), date(2023, 12, 31))),
        st.floats(1, 1000),
        min_size=1,
        max_size=12,
    ),
    data=st.data(),
)
def test_wide_long_and_parquet_say_the_same(
    tmp_path: Path, cells: dict[tuple[str, date], float], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(list(cells)))
    long = "date,metric,value\n" + "".join(f"{day},{name},{cells[name, day]!r}\n" for name, day in order)
    names = sorted({name for name, _ in cells})
    days = sorted({day for _, day in cells})
    columns = {name: [cells.get((name, day), np.nan) for day in days] for name in names}
    frame = pd.DataFrame(columns, index=pd.DatetimeIndex(pd.to_datetime(days), name="date"))
    first = read(tmp_path / "long.csv", long)[1]
    assert read(tmp_path / "wide.csv", frame.to_csv())[1] == first
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "x.parquet")
    values = list(open_series(tmp_path / "x.parquet", now=NOW))[-1].values
    assert {(row.series, str(row.day)[:10]): row.value for row in values.itertuples()} == {
        (name, day): value for name, by_day in first.items() for day, value in by_day.items()
    }


def test_caps_keep_what_was_known_on_the_day(tmp_path: Path) -> None:
    path = tmp_path / "caps.csv"
    path.write_text(
        "date,symbol,name,coingecko_id,rank,price,market_cap,circulating_supply\n"
        "2024-01-01,btc,Bitcoin,bitcoin,1,42000,8.2e11,19500000\n"
        "2024-01-01,LUNA,Small,luna-small,90,1,5e6,\n2024-01-01,LUNA,Terra,terra,9,1,5e9,\n"
        "2024-01-01,X,X,,95,1,0,5\n2024-01-01,BTC-EUR,B,,95,1,1,5\n2024-02-01,BTC,Bitcoin,bitcoin,1,1,1,1\n"
    )
    source = open_caps(path, now=NOW)
    (batch,) = source
    assert list(batch.values.symbol) == ["BTC", "LUNA"]
    assert list(batch.values.market_cap) == [8.2e11, 5e9]
    assert list(batch.values.coingecko_id) == ["bitcoin", "terra"]
    assert batch.values.circulating_supply[0] == 19_500_000 and np.isnan(batch.values.circulating_supply[1])
    assert [(reject.line, reject.reason) for reject in batch.rejects] == [
        (3, "duplicate"),
        (5, "value"),
        (6, "quote"),
        (7, "not_closed"),
    ]
    assert source.counts["values"] == 2


def test_a_file_without_caps_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("date,symbol,price\n2024-01-01,BTC,1\n")
    with pytest.raises(FormatError, match="no column for market_cap"):
        open_caps(tmp_path / "x.csv", now=NOW)
