"""Tickers out of columns and file names: one spelling, dollars as the only quote."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from assets.formats.errors import Reason
from assets.formats.files import bare_name
from assets.formats.names import COINS, DOLLAR_COINS, NOISE

DOLLARS = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD")
_OTHERS = (
    "BTC", "XBT", "ETH", "BNB", "EUR", "GBP", "TRY", "BRL", "AUD", "CAD", "JPY", "KRW", "RUB", "UAH", "INR",
    "IDR", "NGN", "ZAR", "PLN", "CHF", "MXN", "ARS", "CNY", "DAI", "BIDR", "IDRT", "VAI",
)  # fmt: skip
_ODD = re.compile(r"[A-Z0-9$][A-Z0-9.+$-]*(#\d+)?")
_PIECE = re.compile(r"#\d+(?![^-/_:])")
_TAILS = re.compile(r"(?<=.)(:[A-Z]+|[-_ ](PERP|SWAP|SPOT)|(?<=USD[TC])(PERP|SWAP))$")
_TICKERS = frozenset(COINS.values())
_TIME = re.compile(r"\d+|\d+(m|h|d|w|mo|min|mins|s|t|hr|hours?|days?|y)|\d{4}q\d|\d{8}t\d+", re.IGNORECASE)
_MONTH = re.compile(r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*", re.IGNORECASE)


def normalised(raw: str, *, pairs: bool = False) -> str | Reason:
    """Ticker in one spelling, or why there is none.

    `BTC/USDT`, `btc-usd` and, where the file holds `pairs`, `BTCUSDT` become `BTC`; a ticker that only ends
    like a pair (PYUSD) stays. A piece of a taken-over ticker keeps its number: `LUNA#0`.
    """
    text = unicodedata.normalize("NFKC", raw).strip().upper()
    piece = _PIECE.search(text)
    base = _base(_TAILS.sub("", _PIECE.sub("", text)), pairs)
    if isinstance(base, Reason):
        return base
    symbol = base + (piece[0] if piece else "")
    return symbol if len(symbol) <= 20 and _ODD.fullmatch(symbol) else Reason.SYMBOL


def holds_pairs(raws: list[str]) -> bool:
    """Whether a column's values are all pairs with a dollar at the end, such as BTCUSDT."""
    texts = [unicodedata.normalize("NFKC", raw).strip().upper() for raw in raws]
    texts = [_PIECE.sub("", text) for text in texts]
    return (
        bool(texts)
        and all(text.endswith((*DOLLARS, *_OTHERS)) for text in texts)
        and any(_cut(text, DOLLARS) for text in texts if text not in DOLLAR_COINS)
    )


def from_file_name(path: Path, *, single: bool = False) -> str | Reason | None:
    """Ticker told by the file's name, Reason.QUOTE for a pair without dollars, None where it tells nothing.

    A lone word counts if it is a coin's name, a well-known ticker or written in capitals; any lone word does
    with `single` (formats whose files are named by the coin alone).
    """
    name = bare_name(path)
    words = [word for word in re.split(r"[-_ .,()\[\]]+", name) if word]
    for base, quote in pairwise(words):
        # A letter alone may be a coin (S-USD) where it would else be the length of a bar.
        dollars = quote.upper() in DOLLARS and (len(base) == 1 or not _is_noise(base))
        if dollars or (quote.upper() in _OTHERS and base.upper() in _TICKERS):
            return normalised(f"{base}/{quote}")
    words = [word for word in words if not _is_noise(word)]
    if len(words) != 1:
        known = {COINS.get(word.lower()) for word in words} - {None}
        return known.pop() if len(known) == 1 else None
    return _lone_word(words[0], single)


def _lone_word(word: str, single: bool) -> str | Reason | None:
    upper = word.upper()
    if word.lower() in COINS:
        return COINS[word.lower()]
    if _cut(upper, DOLLARS) or (_cut(upper, _OTHERS) in _TICKERS):
        return normalised(word, pairs=True)
    if single or word.isupper() or upper in _TICKERS:
        return normalised(word)
    return None


def _base(text: str, pairs: bool) -> str | Reason:
    base, separator, quote = _parted(text)
    if separator:
        return base if quote in DOLLARS else Reason.QUOTE
    if text in DOLLAR_COINS:
        return text
    dollar, other = _cut(text, DOLLARS), _cut(text, _OTHERS)
    if dollar and (pairs or dollar in _TICKERS):
        return dollar
    if other and other in _TICKERS and len(other) > 2:
        return Reason.QUOTE
    return Reason.QUOTE if other and pairs and len(other) > 2 else text


def _parted(text: str) -> tuple[str, str, str]:
    """Base, separator, quote; a ticker may itself hold a hyphen (GST-SOL), so only a known quote parts."""
    match = re.fullmatch(r"([^/_:]+?)([-/_:])([A-Z]+)", text)
    if match and (match[3] in DOLLARS or match[3] in _OTHERS or match[2] == "/"):
        return match[1], match[2], match[3]
    return text, "", ""


def _cut(text: str, quotes: tuple[str, ...]) -> str:
    """What stands before the first quote that ends the text; empty if none does."""
    return next((text[: -len(quote)] for quote in quotes if text.endswith(quote) and text != quote), "")


def _is_noise(word: str) -> bool:
    return word.lower() in NOISE or bool(_TIME.fullmatch(word) or _MONTH.fullmatch(word))
