"""Who wrote the file: formats told apart by their columns, or by shape where there is no header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assets.formats.errors import Fault, FormatError
from assets.formats.grid import Stamp
from assets.formats.header import key
from assets.formats.table import Table
from assets.formats.text import TextTable

PRICES = ("open", "high", "low", "close")
KNOWN = (
    "long (symbol, timestamp, open, high, low, close, volume), Binance, Bybit, CryptoDataDownload, CoinGecko "
    "(snapped_at, price), Yahoo Finance, CoinMarketCap, Kaggle (SNo, Name, Symbol, Date), "
    "Coin Metrics (time, PriceUSD)"
)

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "time": (
        "timestamp", "opentime", "timeopen", "candletime", "starttime", "start", "startat", "unix",
        "unixtimestamp", "time", "datetime", "date", "ts", "t", "bucket", "snappedat", "periodstart",
        "timeperiodstart", "dateutc", "utc", "timeutc", "unnamed0", "indexlevel0", "index", "",
    ),
    "symbol": ("symbol", "ticker", "pair", "market", "instrument", "instid", "productid", "coin", "asset"),
    "open": ("open", "o", "openprice", "priceopen", "openusd"),
    "high": ("high", "h", "highprice", "pricehigh", "max", "highusd"),
    "low": ("low", "l", "lowprice", "pricelow", "min", "lowusd"),
    "close": ("close", "c", "closeprice", "priceclose", "last", "closeusd"),
    "usd_volume": (
        "quotevolume", "quoteassetvolume", "quoteav", "quotevol", "volumequote", "volquote", "turnover",
        "volumeusd", "volumeusdt", "volumeusdc", "volumebusd", "volumefdusd", "volumetusd", "volumeto",
        "usdvolume", "volumeinusd", "dollarvolume",
    ),
    "volume": ("volume", "vol", "v", "basevolume", "volumebase", "volumefrom", "amount"),
    "market_cap": ("marketcap", "marketcapusd", "marketcapitalization", "mcap", "capmrktcurusd"),
    "trade_count": ("tradecount", "tradescount", "numberoftrades", "numtrades", "trades", "count", "n"),
    "vwap": ("vwap", "vw", "weightedaverage"),
}  # fmt: skip
_OWN_VOLUME = re.compile(r"volume[a-z0-9]{1,10}")


@dataclass(frozen=True)
class Layout:
    """Where a format keeps what. `columns` gives the position of each field that the file has.

    `unit` is what a lone volume column counts ("usd" or "base"); `close_only` formats know one price a bar;
    `pairs` formats name a market (BTCUSDT); `named_by_coin` formats name their files by the coin alone;
    `ticker` is the symbol where the head of the file tells it.
    """

    name: str
    columns: Mapping[str, int]
    unit: str = "usd"
    stamp: Stamp = Stamp.OPEN
    close_only: bool = False
    pairs: bool = False
    named_by_coin: bool = False
    ticker: str | None = None
    keep_volume_for: frozenset[str] | None = field(default=None)


def recognise(table: Table) -> tuple[Table, Layout]:
    """The layout of a file of candles, and the table without further header lines. Raises FormatError."""
    if table.header is None:
        return table, _by_shape(table)
    if _is_stacked_yahoo(table):
        return _stacked_yahoo(table)
    keys = [key(name) for name in table.header]
    close_only = _close_only(keys)
    return table, close_only or _by_name(table, keys)


def _by_name(table: Table, keys: list[str]) -> Layout:
    columns = _found(keys)
    if "usd_volume" in columns or "volume" not in columns:
        own = next((at for at, name in enumerate(keys) if _is_own_volume(name)), None)
        if "volume" not in columns and own is not None:
            columns["volume"] = own
    _require(table, columns)
    name = _named(keys)
    traits = {
        "binance": {"unit": "base", "pairs": True},
        "bybit": {"unit": "base", "pairs": True},
        "cryptodatadownload": {"unit": "base", "pairs": True},
    }.get(name, {"unit": "base"} if _counts_base(keys, columns) else {})
    return Layout(name, columns, **traits)  # type: ignore[arg-type]


def _named(keys: list[str]) -> str:
    """First match wins; what nobody else writes comes first."""
    names = set(keys)
    marks: tuple[tuple[str, bool], ...] = (
        ("coinmarketcap", "timeopen" in names or ({"marketcap", "date"} <= names and "symbol" not in names)),
        ("kaggle", {"sno", "symbol", "date"} <= names),
        ("bybit", "turnover" in names or "startat" in names),
        ("cryptodatadownload", {"symbol", "open"} <= names and any(map(_is_own_volume, keys))),
        ("binance", bool({"closetime", "takerbuyvolume", "takerbuybaseassetvolume"} & names)),
        ("yahoo", bool({"adjclose", "dividends", "stocksplits"} & names)),
    )
    return next((name for name, matched in marks if matched), "long")


def _close_only(keys: list[str]) -> Layout | None:
    if "snappedat" in keys and "price" in keys:
        fields = {
            "time": "snappedat",
            "close": "price",
            "market_cap": "marketcap",
            "usd_volume": "totalvolume",
        }
        # Total volume is that of the last 24 hours: a bar's own only where the bar is a day.
        return Layout(
            "coingecko",
            _picked(keys, fields),
            stamp=Stamp.CLOSE,
            close_only=True,
            keep_volume_for=frozenset({"1d"}),
        )
    if "priceusd" in keys and ("time" in keys or "date" in keys):
        fields = {
            "time": "time" if "time" in keys else "date",
            "symbol": "asset",
            "close": "priceusd",
            "market_cap": "capmrktcurusd",
            "usd_volume": "volumereportedspotusd1d",
        }
        return Layout("coinmetrics", _picked(keys, fields), close_only=True, named_by_coin=True)
    return None


def _picked(keys: list[str], fields: Mapping[str, str]) -> dict[str, int]:
    return {name: keys.index(spelling) for name, spelling in fields.items() if spelling in keys}


def _by_shape(table: Table) -> Layout:
    """Files without header: exchanges' klines by their number of columns, or the long format in its order."""
    rows = table.sample
    width, first = table.width, rows[0]
    order: tuple[str, ...] = ("time", *PRICES, "volume")
    if width in (11, 12):
        order += ("closes", "usd_volume", "trade_count")
        return Layout("binance", _placed(order), unit="base", pairs=True)
    if width == 7 and not _is_word(first[0]):
        return Layout("bybit", _placed((*order, "usd_volume")), unit="base", pairs=True)
    if width == 6 and not _is_word(first[0]):
        return Layout("klines", _placed(order), unit="base", pairs=True)
    if width in (7, 8) and _is_word(first[0]):
        return Layout("long", _placed(("symbol", *order, "market_cap")[:width]))
    raise FormatError(
        Fault.UNKNOWN_COLUMNS,
        table.path,
        f"there is no header, and {width} columns beginning with {', '.join(first[:4])} are no kline format; "
        f"add a header. Known formats: {KNOWN}",
    )


def _placed(order: tuple[str, ...]) -> dict[str, int]:
    return {name: at for at, name in enumerate(order) if name != "closes"}


def _is_word(text: str) -> bool:
    return bool(re.match(r"[A-Za-z$]|\d+[A-Za-z]", text.strip()))


def _found(keys: list[str]) -> dict[str, int]:
    columns = {}
    for name, spellings in _ALIASES.items():
        spelling = next((spelling for spelling in spellings if spelling in keys), None)
        if spelling is not None:
            columns[name] = keys.index(spelling)
    return columns


def _is_own_volume(name: str) -> bool:
    """`Volume BTC`: the base volume, named by the coin. No other volume is named by letters alone."""
    return (
        bool(_OWN_VOLUME.fullmatch(name))
        and name not in _ALIASES["usd_volume"]
        and name not in ("volume24h", "volumemissing", "volumechange", "volumenotional", *_ALIASES["volume"])
    )


def _counts_base(keys: list[str], columns: Mapping[str, int]) -> bool:
    volume = columns.get("volume")
    return volume is not None and keys[volume] in ("basevolume", "volumebase", "volumefrom")


def _require(table: Table, columns: Mapping[str, int]) -> None:
    assert table.header is not None
    missing = [name for name in ("time", *PRICES) if name not in columns]
    if not missing:
        return
    found = ", ".join(name or "(unnamed)" for name in table.header[:30])
    if len(missing) > 3:
        raise FormatError(
            Fault.UNKNOWN_COLUMNS, table.path, f"columns {found} are no known format. Known are: {KNOWN}"
        )
    raise FormatError(
        Fault.MISSING_COLUMNS,
        table.path,
        f"no column for {', '.join(missing)} among {found}; add or rename it",
    )


def _is_stacked_yahoo(table: Table) -> bool:
    """Newer downloads carry three header lines: Price, Ticker and Date."""
    rows = table.sample
    return (
        isinstance(table, TextTable)
        and table.header is not None
        and key(table.header[0]) == "price"
        and len(rows) > 2
        and key(rows[0][0]) == "ticker"
        and key(rows[1][0]) in ("date", "datetime")
    )


def _stacked_yahoo(table: Table) -> tuple[Table, Layout]:
    assert isinstance(table, TextTable) and table.header is not None
    tickers = set(table.sample[0][1:]) - {""}
    if len(tickers) != 1:
        raise FormatError(
            Fault.UNKNOWN_COLUMNS,
            table.path,
            "the file holds several tickers side by side; save one file a ticker",
        )
    keys = ["date", *(key(name) for name in table.header[1:])]
    bare = replace(table, header=("Date", *table.header[1:]), first=table.first + 2, sample=table.sample[2:])
    columns = _found(keys)
    _require(bare, columns)
    return bare, Layout("yahoo", columns, ticker=tickers.pop())
