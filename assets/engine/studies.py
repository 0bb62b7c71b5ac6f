"""Indicators by name, as charts ask for them: `sma50`, `rsi14`, `macd`, `bollinger`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.engine import indicators
from assets.engine.panel import Floats

LONGEST = 400
DEFAULTS = {"sma": 50, "ema": 21, "rsi": 14, "atr": 14, "bollinger": 20, "macd": 0}
_SIMPLE: dict[str, Callable[[Floats, int], Floats]] = {
    "sma": indicators.sma,
    "ema": indicators.ema,
    "rsi": indicators.rsi,
}
_NAME = re.compile(r"([a-z]+)(\d{0,3})")


class UnknownStudyError(ValueError):
    """There is no such indicator; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Study:
    """An indicator with its window; `name` is how it was asked for."""

    name: str
    kind: str
    window: int

    @property
    def rows_before(self) -> int:
        """Bars before a value on which it depends."""
        if self.kind == "macd":
            return indicators.lookback()
        if self.kind == "ema":
            return indicators.memory(2.0 / (self.window + 1.0))
        if self.kind in ("rsi", "atr"):
            return indicators.memory(1.0 / self.window) + 1
        return self.window


def study(name: str) -> Study:
    """The indicator of this name: a kind, and its window if it has one. Raises UnknownStudyError."""
    match = _NAME.fullmatch(name)
    kind, digits = match.groups() if match else ("", "")
    known = f"known are {', '.join(sorted(DEFAULTS))}, with a window from 2 to {LONGEST} such as sma50"
    if kind not in DEFAULTS or (kind == "macd" and digits):
        raise UnknownStudyError(known)
    window = int(digits) if digits else DEFAULTS[kind]
    if kind != "macd" and not 2 <= window <= LONGEST:
        raise UnknownStudyError(known)
    return Study(name, kind, window)


def columns(one: Study, high: Floats, low: Floats, close: Floats) -> dict[str, Floats]:
    """The study's lines (T,) by name, from bars (T,); NaN where the window is not filled."""
    wide = {"high": high[:, None], "low": low[:, None], "close": close[:, None]}
    found = _lines(one, **wide)
    return {name: np.asarray(values[:, 0], dtype=np.float64) for name, values in found.items()}


def _lines(one: Study, high: Floats, low: Floats, close: Floats) -> dict[str, Floats]:
    if one.kind == "macd":
        macd = indicators.macd(close)
        return {"macd": macd.line, "macd_signal": macd.signal, "macd_histogram": macd.histogram}
    if one.kind == "bollinger":
        band = indicators.bollinger(close, one.window)
        names = ("upper", "middle", "lower")
        return {f"{one.name}_{name}": getattr(band, name) for name in names}
    if one.kind == "atr":
        return {one.name: indicators.atr(high, low, close, one.window)}
    return {one.name: _SIMPLE[one.kind](close, one.window)}
