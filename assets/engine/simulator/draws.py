"""Random numbers by block, so that a market can go on without its past changing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.signal import lfilter

from assets.engine.panel import Floats

BLOCK = 64


class Stream(IntEnum):
    """Independent sources of chance; the numbers are part of the seed and must not change."""

    STATES = 1
    MARKET_SHOCK = 2
    MARKET_TAIL = 3
    MARKET_VOLATILITY = 4
    SECTOR_SHOCK = 5
    SECTOR_DRIFT = 6
    COINS = 7
    COIN_SHOCK = 8
    COIN_TAIL = 9
    COIN_VOLATILITY = 10
    COIN_DRIFT = 11
    TRANSITORY = 12
    HIGH = 13
    LOW = 14
    OPEN = 15
    TURNOVER = 16
    TURNOVER_DRIFT = 17
    GAP = 18
    STALE = 19
    MACRO = 20


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of `rows` rows; each block of 64 rows has its own generator, keyed by seed, stream and block.

    A longer market therefore repeats the draws of a shorter one exactly.
    """

    seed: int
    rows: int

    def once(self, stream: Stream) -> np.random.Generator:
        """Generator for what is drawn once, whatever the length of the market."""
        return np.random.default_rng([self.seed, stream])

    def normal(self, stream: Stream, width: int) -> Floats:
        """Standard normal draws (rows, width)."""
        out = np.empty((self._padded, width))
        for block, part in self._blocks(stream, out):
            block.standard_normal(out=part)
        return out[: self.rows]

    def uniform(self, stream: Stream, width: int) -> Floats:
        """Uniform draws on [0, 1) (rows, width)."""
        out = np.empty((self._padded, width))
        for block, part in self._blocks(stream, out):
            block.random(out=part)
        return out[: self.rows]

    def tail(self, stream: Stream, width: int, degrees: float) -> Floats:
        """Scale mixture (rows, width) that turns a normal into a Student t of unit variance.

        Cut off at 6, so that no bar moves by more than some twenty standard deviations.
        """
        out = np.empty((self._padded, width))
        for block, part in self._blocks(stream, out):
            block.standard_gamma(degrees / 2.0, out=part)
        np.divide(degrees / 2.0 - 1.0, out, out=out)
        return np.minimum(np.sqrt(out[: self.rows]), 6.0)

    @property
    def _padded(self) -> int:
        return -(-self.rows // BLOCK) * BLOCK

    def _blocks(self, stream: Stream, out: Floats) -> list[tuple[np.random.Generator, Floats]]:
        return [
            (np.random.default_rng([self.seed, stream, first // BLOCK]), out[first : first + BLOCK])
            for first in range(0, len(out), BLOCK)
        ]


def autoregression(shocks: Floats, bars: float) -> Floats:
    """Stationary AR(1) of unit variance (T, K) from standard normal shocks; memory falls by 1/e in `bars`."""
    keep = float(np.exp(-1.0 / bars))
    scaled = shocks * np.sqrt(1.0 - keep * keep)
    scaled[0] = shocks[0]
    return smooth(scaled, keep)


def smooth(x: Floats, keep: float) -> Floats:
    """y_t = keep y_(t-1) + x_t down the rows of (T, K)."""
    return np.asarray(lfilter([1.0], [1.0, -keep], x, axis=0), dtype=np.float64)
