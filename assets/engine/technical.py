"""The textbook indicators of charts: nine families over a whole panel in one sweep, equal to TA-Lib.

`indicators.py` holds what the engines learn from, each value a function of a fixed window. A chart wants
what every other chart shows: Wilder's and exponential averages that start at a coin's first bar and never
forget. A bar that nobody delivered is left out: it is NaN here and carries the averages on unchanged.

Each family advances row by row over all coins at once, so that the inner loop has no branch and the
compiler makes vectors of it; what a coin's averages remember lies in a few short arrays. Coins without holes
are swept where they lie. The others are packed to the bars they have, swept, and put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numba import njit

from assets.engine.panel import Bools, Floats, Ints, Panel
from assets.engine.technical_rows import sweep

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "sma": ("sma",),
    "ema": ("ema",),
    "rsi": ("rsi",),
    "macd": ("macd", "macd_signal", "macd_histogram"),
    "bollinger": ("bollinger_upper", "bollinger_middle", "bollinger_lower"),
    "atr": ("atr",),
    "stochastic": ("stochastic_k", "stochastic_d"),
    "adx": ("adx",),
    "obv": ("obv",),
}
LINES = tuple(line for lines in FAMILIES.values() for line in lines)
BARS = ("high", "low", "close", "volume")
BLOCK = 512  # most coins swept together: long rows, which memory delivers ahead, and little to remember


@dataclass(frozen=True, slots=True)
class Periods:
    """Bars of each indicator; the defaults are those of most charts. Raises ValueError below 2 (smoothing 1).

    `stochastic` is the window, then the bars over which %K and %D are smoothed.
    """

    sma: int = 20
    ema: int = 20
    rsi: int = 14
    macd: tuple[int, int, int] = (12, 26, 9)
    bollinger: int = 20
    bollinger_width: float = 2.0
    atr: int = 14
    stochastic: tuple[int, int, int] = (14, 3, 3)
    adx: int = 14

    def __post_init__(self) -> None:
        windows = {
            "sma": self.sma,
            "ema": self.ema,
            "rsi": self.rsi,
            "macd fast": self.macd[0],
            "macd slow": self.macd[1],
            "bollinger": self.bollinger,
            "atr": self.atr,
            "stochastic": self.stochastic[0],
            "adx": self.adx,
        }
        for name, bars in windows.items():
            if bars < 2:
                raise ValueError(f"{name}: {bars} bars are no window; give 2 or more")
        if min(self.macd[2], *self.stochastic[1:]) < 1:
            raise ValueError("a smoothing takes 1 bar or more")
        if self.macd[0] >= self.macd[1]:
            raise ValueError(f"macd: the fast average ({self.macd[0]}) has to be shorter than the slow one")


@dataclass(slots=True)
class Buffers:
    """Arrays that are filled again by the next call with a panel of the same shape: new ones would cost more
    than the figures in them. What a call gave is overwritten by the next with the same buffers."""

    kept: dict[str, Floats] = field(default_factory=dict)

    def take(self, name: str, shape: tuple[int, int]) -> Floats:
        """An array of `shape`, its contents undefined."""
        held = self.kept.get(name)
        if held is None or held.shape != shape:
            held = self.kept[name] = np.empty(shape)
        return held


def indicators(
    bars: Panel | Mapping[str, Floats],
    names: Iterable[str] = tuple(FAMILIES),
    periods: Periods | None = None,
    *,
    threads: int = 1,
    buffers: Buffers | None = None,
) -> dict[str, Floats]:
    """The lines of the families `names` by the name of the line, each (T, N) or (T,) as the bars are.

    `bars` is a panel, or arrays `high`, `low`, `close`, `volume` (T, N) or (T,) of which those that the
    families need must be there. NaN before a line's first value and at bars without a close (or without a
    high, low or volume where any of the families needs those). Raises ValueError for unknown names, missing
    bars or shapes that differ.
    """
    wanted = list(dict.fromkeys(names))
    grid, flat = _grid(bars, wanted)
    periods = periods or Periods()
    shape = grid["close"].shape
    buffers = buffers or Buffers()
    lines = [line for name in wanted for line in FAMILIES[name]]
    out = {line: buffers.take(line, shape) for line in lines}
    known = _known(grid)
    whole = np.asarray(known.all(axis=0), dtype=np.bool_)
    most = max(1, min(BLOCK, -(-shape[1] // threads)))
    jobs: list[Callable[[], None]] = [
        partial(sweep, grid, out, span, wanted, periods) for span in _runs(whole, most)
    ]
    for columns in _alike(known, np.flatnonzero(~whole), most):
        jobs.append(partial(_sweep_packed, grid, known, out, columns, wanted, periods))
    if threads > 1 and len(jobs) > 1:
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(job) for job in jobs]:
                done.result()
    else:
        for job in jobs:
            job()
    return {line: values[:, 0] if flat else values for line, values in out.items()}


_NEEDED = {"atr": ("high", "low"), "stochastic": ("high", "low"), "adx": ("high", "low"), "obv": ("volume",)}


def _grid(bars: Panel | Mapping[str, Floats], wanted: list[str]) -> tuple[dict[str, Floats], bool]:
    """The bars that the families need as (T, N), and whether they came as one series."""
    unknown = [name for name in wanted if name not in FAMILIES]
    if unknown or not wanted:
        raise ValueError(f"no indicator is called {', '.join(unknown)!r}; there are {', '.join(FAMILIES)}")
    needed = {"close", *(bar for name in wanted for bar in _NEEDED.get(name, ()))}
    given = {name: getattr(bars, name) for name in BARS} if isinstance(bars, Panel) else dict(bars)
    missing = sorted(needed - given.keys())
    if missing:
        raise ValueError(f"{', '.join(missing)} missing: {', '.join(wanted)} cannot be computed without")
    arrays = {name: np.ascontiguousarray(given[name], dtype=np.float64) for name in BARS if name in needed}
    shape = arrays["close"].shape
    if any(values.shape != shape for values in arrays.values()) or len(shape) not in (1, 2):
        raise ValueError("the bars have to be arrays of one shape, (T,) or (T, N)")
    return {name: values.reshape(len(values), -1) for name, values in arrays.items()}, len(shape) == 1


def _known(grid: Mapping[str, Floats]) -> Bools:
    """Bars (T, N) that have every field there is."""
    known = np.isfinite(grid["close"])
    for name, values in grid.items():
        if name != "close":
            known &= np.isfinite(values)
    return known


def _runs(whole: Bools, most: int) -> list[tuple[int, int]]:
    """Stretches of neighbouring coins without holes, at most `most` long."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], whole.astype(np.int8), [0]))))
    return [
        (start, min(start + most, end))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        for start in range(begin, end, most)
    ]


def _alike(known: Bools, columns: Ints, most: int) -> list[Ints]:
    """Coins with holes in blocks of at most `most`, in each about as many bars."""
    if not len(columns):
        return []
    counts = known[:, columns].sum(axis=0)
    order = columns[np.argsort(counts, kind="stable")]
    return [order[start : start + most] for start in range(0, len(order), most)]


def _sweep_packed(
    grid: Mapping[str, Floats],
    known: Bools,
    out: Mapping[str, Floats],
    columns: Ints,
    wanted: list[str],
    periods: Periods,
) -> None:
    """Fill the lines of coins with holes: their bars are moved together, and the figures put back."""
    there = np.ascontiguousarray(known[:, columns])
    longest = int(there.sum(axis=0).max())
    packed = {
        name: _pack(np.ascontiguousarray(values[:, columns]), there, longest) for name, values in grid.items()
    }
    lines = {line: np.empty((longest, there.shape[1])) for line in out}
    if longest:
        sweep(packed, lines, (0, there.shape[1]), wanted, periods)
    for line, values in out.items():
        values[:, columns] = _unpack(lines[line], there)


@njit(cache=True, nogil=True)
def _pack(values: Floats, there: Bools, longest: int) -> Floats:
    """The known bars of each column moved to the top; below them 0, whose figures nobody reads."""
    out = np.zeros((longest, values.shape[1]))
    place = np.zeros(values.shape[1], dtype=np.int64)
    for t in range(values.shape[0]):
        for n in range(values.shape[1]):
            if there[t, n]:
                out[place[n], n] = values[t, n]
                place[n] += 1
    return out


@njit(cache=True, nogil=True)
def _unpack(values: Floats, there: Bools) -> Floats:
    """Inverse of `_pack`; NaN where there was no bar."""
    out = np.full(there.shape, np.nan)
    place = np.zeros(values.shape[1], dtype=np.int64)
    for t in range(there.shape[0]):
        for n in range(there.shape[1]):
            if there[t, n]:
                out[t, n] = values[place[n], n]
                place[n] += 1
    return out
