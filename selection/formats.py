"""Trades as people keep them in a spreadsheet: CSV with a line a trade, read without guessing."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from selection.engine.lots import rounded

MOST_ROWS = 20_000
MOST_BYTES = 4_000_000
MOST_FIGURE = Decimal(10) ** 18
COLUMNS = {
    "date": ("date", "time", "timestamp", "datetime", "executed_at", "date(utc)"),
    "symbol": ("symbol", "coin", "asset", "ticker", "pair", "market"),
    "side": ("side", "type", "action"),
    "quantity": ("quantity", "qty", "amount", "executed", "size"),
    "price": ("price", "rate", "unit_price"),
    "fees": ("fees", "fee", "commission"),
    "id": ("id", "trade_id", "reference", "order_id", "txid"),
}
NEEDED = ("date", "symbol", "side", "quantity", "price")
SIDES = {"buy": "buy", "b": "buy", "bought": "buy", "sell": "sell", "s": "sell", "sold": "sell"}
QUOTES = ("USDT", "USDC", "USD", "BUSD", "FDUSD")
_FIRST_TRADE = datetime(2009, 1, 3, tzinfo=UTC)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}")
_GROUPED_BY_DOTS = re.compile(r"\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}")
_OURS = re.compile(r"(row|id):[0-9a-f]{40}|execution:\d{1,19}")  # as an export of ours names trades
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T](.+))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line: the field, what it was, the rule, and how to mend it."""

    line: int
    field: str
    value: str
    rule: str
    mend: str


@dataclass(frozen=True, slots=True)
class Row:
    """One trade as it was read. `names` are the tickers to look for, most literal first."""

    line: int
    at: datetime
    names: tuple[str, ...]
    side: str
    quantity: Decimal
    price: Decimal
    fees: Decimal
    reference: str


class Unreadable(ValueError):
    """A value that cannot be read: the rule and how to mend it."""

    def __init__(self, rule: str, mend: str) -> None:
        super().__init__(rule)
        self.rule, self.mend = rule, mend


def read(text: str, now: datetime) -> tuple[list[Row], list[Fault]]:
    """The trades of a CSV text and what is wrong with it; no trade is later than `now`.

    The delimiter is a comma, a semicolon or a tab; the header names the columns, in any order.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        return [], [Fault(1, "file", "", _("is no text"), _("Save it as CSV in UTF-8."))]
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    unread: list[Fault] = []
    header = next(_lines(reader, unread), [])
    if unread:
        return [], unread
    places = _places(header)
    missing = [name for name in NEEDED if name not in places]
    if missing:
        rule = _("has no column for: %s") % ", ".join(missing)
        return [], [Fault(1, "header", ",".join(header)[:200], rule, _mend_header())]
    rows: list[Row] = []
    faults: list[Fault] = []
    for cells in _lines(reader, faults):
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) + len(faults) >= MOST_ROWS:
            rule = _("has more than %d lines") % MOST_ROWS
            return [], [Fault(reader.line_num, "file", "", rule, _("Cut it into several files."))]
        _read_row(reader.line_num, cells, places, now, rows, faults)
    if not rows and not faults:
        faults.append(Fault(1, "file", "", _("holds no trades"), _("Send a line for each trade.")))
    return rows, faults


def _lines(reader: Any, faults: list[Fault]) -> Iterator[list[str]]:
    """The lines of a CSV; one that cannot be cut into fields is a fault and ends it."""
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            mend = _("Save it as CSV in UTF-8.")
            faults.append(Fault(reader.line_num, "file", "", _("is no CSV: %s") % error, mend))
            return
        if cells is None:
            return
        yield cells


def _places(header: Iterable[str]) -> dict[str, int]:
    known = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
    found: dict[str, int] = {}
    for place, title in enumerate(header):
        name = known.get(title.strip().lower().replace(" ", "_"))
        if name:
            found.setdefault(name, place)
    return found


def _mend_header() -> str:
    return _(
        "Name the columns in the first line: date, symbol, side, quantity, price and, if known, fees, id."
    )


def _read_row(
    line: int,
    cells: list[str],
    places: dict[str, int],
    now: datetime,
    rows: list[Row],
    faults: list[Fault],
) -> None:
    given = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    readers = {
        "date": lambda text: moment(text, now),
        "symbol": tickers,
        "side": _side,
        "quantity": lambda text: number(text, least=True),
        "price": lambda text: number(text, least=True),
        "fees": lambda text: number(text) if text else Decimal(0),
    }
    values = {}
    faults_before = len(faults)
    for name, read_one in readers.items():
        try:
            values[name] = read_one(given.get(name, ""))
        except Unreadable as error:
            faults.append(Fault(line, name, given.get(name, "")[:100], error.rule, error.mend))
    if len(faults) == faults_before:
        rows.append(
            Row(
                line,
                values["date"],
                values["symbol"],
                values["side"],
                values["quantity"],
                values["price"],
                values["fees"],
                _reference(given.get("id", ""), values),
            )
        )


def _reference(own: str, values: dict[str, Any]) -> str:
    """What tells the trade from others: its id (one of ours as it is), else everything known of it."""
    if _OURS.fullmatch(own):
        return own
    if own:
        return f"id:{hashlib.sha256(own.encode()).hexdigest()[:40]}"
    figures = (f"{values[name].normalize():f}" for name in ("quantity", "price", "fees"))
    told = "|".join((values["date"].isoformat(), values["symbol"][-1], values["side"], *figures))
    return f"row:{hashlib.sha256(told.encode()).hexdigest()[:40]}"


def number(text: str, least: bool = False) -> Decimal:
    """A number from zero up (with `least`, above it). 1,234.5 and 1.234,5 and 0,5 are clear; 1,234 is not."""
    plain = text.replace(" ", "").replace("\u00a0", "").replace("'", "").lstrip("$€")
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    elif _GROUPED_BY_DOTS.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[1-9]\d{0,2},\d{3}", plain):
        rule = _("may be a thousand and some, or one and a fraction")
        raise Unreadable(rule, _("Write it without the comma: %s or %s.") % _both(plain))
    elif re.fullmatch(r"\d+,\d+", plain):
        plain = plain.replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Unreadable(_("is not a number"), _("Write it like 1234.56.")) from None
    if not value.is_finite() or value < 0 or (least and value == 0) or value >= MOST_FIGURE:
        rule = _("must lie above zero and below 1e18") if least else _("must lie from zero to 1e18")
        raise Unreadable(rule, _("Correct it; the side says whether coins came or went."))
    value = rounded(value)
    if least and value == 0:
        raise Unreadable(_("is smaller than the smallest part of a coin, 1e-18"), _("Leave the line out."))
    return value


def _both(text: str) -> tuple[str, str]:
    return text.replace(",", ""), text.replace(",", ".")


def moment(text: str, now: datetime) -> datetime:
    """A time, UTC where it names no zone. 31/01/2024 is clear, 01/02/2024 is not; nothing lies ahead."""
    found = _slashed(text) if _SLASHED.fullmatch(text) else _iso(text)
    if found < _FIRST_TRADE:
        raise Unreadable(_("lies before the first coin, 2009-01-03"), _("Write dates as 2024-01-31."))
    if found > now:
        raise Unreadable(_("lies in the future"), _("Record a trade when it has happened."))
    return found


def _iso(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise Unreadable(_("is not a date"), _("Write dates as 2024-01-31 or 2024-01-31T14:30Z.")) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _slashed(text: str) -> datetime:
    match = _SLASHED.fullmatch(text)
    assert match is not None
    first, second, year = (int(match[n]) for n in (1, 2, 3))
    if first <= 12 and second <= 12 and first != second:
        rule = _("may be %(one)s or %(other)s") % {
            "one": f"{year}-{first:02}-{second:02}",
            "other": f"{year}-{second:02}-{first:02}",
        }
        raise Unreadable(rule, _("Write dates as 2024-01-31."))
    day, month = (first, second) if first > 12 else (second, first)
    try:
        clock = time.fromisoformat(match[4].strip()) if match[4] else time()
        return datetime.combine(date(year, month, day), clock.replace(tzinfo=UTC))
    except ValueError:
        raise Unreadable(_("is not a date"), _("Write dates as 2024-01-31.")) from None


def tickers(text: str) -> tuple[str, ...]:
    """BTC, BTC/USD, BTC-USDT, BTCUSDT: as written first, then without what it is priced in."""
    name = text.upper()
    if not name:
        raise Unreadable(_("is empty"), _("Send the coin's ticker, such as BTC."))
    base = re.split(r"[/_:-]", name, maxsplit=1)[0]
    cut = [base.removesuffix(quote) for quote in QUOTES if base.endswith(quote) and base != quote]
    return tuple(dict.fromkeys([name, base, *cut]))


def _side(text: str) -> str:
    side = SIDES.get(text.lower())
    if side is None:
        raise Unreadable(_("is neither buy nor sell"), _("Send buy or sell."))
    return side
