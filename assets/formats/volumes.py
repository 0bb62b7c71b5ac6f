"""What was turned over, in dollars, out of what exchanges call volume."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.formats.block import Bools, Floats


def usd_volume(values: Mapping[str, Floats], unit: str) -> tuple[Floats, Floats, Bools]:
    """Turnover in USD (n,), mean price paid (n, NaN where not known), and where the turnover is missing.

    Two columns: the quote side is the turnover, and quote / base the mean price, if that lies near the bar.
    Inverse contracts count them the other way round (dollars as volume, coins as turnover), which shows in
    base / quote being near the price. If neither holds, the columns are not what they are called: missing.
    One column: as `unit` says, dollars ("usd") or coins ("base", times the typical price of the bar).
    """
    quote, base, close = values["usd_volume"], values["volume"], values["close"]
    typical = (values["high"] + values["low"] + close) / 3
    with np.errstate(all="ignore"):
        alone = base * typical if unit == "base" else base
        swapped = ~_near(quote / base, close) & _near(base / quote, close)
        doubtful = ~_near(quote / base, close) & ~swapped & (base > 0) & (quote > 0)
        turnover = np.where(np.isnan(quote), alone, np.where(swapped, base, quote))
        paid = np.where(swapped, base / quote, quote / base)
        turnover = np.where(doubtful, np.nan, turnover)
        given = values["vwap"]
        paid = np.where(np.isfinite(given) & (given > 0), given, paid)
        inside = (paid >= values["low"] * (1 - 1e-6)) & (paid <= values["high"] * (1 + 1e-6))
    missing = np.isnan(turnover)
    return np.where(missing, 0.0, turnover), np.where(inside, paid, np.nan), missing


def _near(ratio: Floats, close: Floats) -> Bools:
    return np.asarray((ratio > close / 2) & (ratio < close * 2))
