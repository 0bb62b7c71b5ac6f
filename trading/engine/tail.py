"""What the candidates at the top had earned before: a signal needs skill shown where signals are issued.

A pooled probability can be right on average and too high at its end: who picks the highest of many
estimates picks the luckiest errors too. So the end is judged on its own, on cases whose probability was
said before their outcome was known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from assets.engine.panel import Bools, Floats, Ints

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
ONE_SIDED, TWO_SIDED = 0.95, 0.975
LEAST_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """Past cases that would have been issued: how many, how many equally full blocks of time they are worth,
    mean probability said, share that hit, mean break-even, mean net R and its lower 95 % bound (one-sided);
    NaN where there are none, or too few blocks for a bound.
    """

    cases: int
    blocks: float
    said: float
    hit: float
    break_even: float
    net_r: float
    low_r: float

    @property
    def shown(self) -> bool:
        """Whether such cases have been shown to pay."""
        return self.low_r > 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Risk-coverage curve (K,): of the `share` most probable cases, how many, the mean probability said, the
    share that hit, mean net R with its two-sided 95 % interval by blocks of time."""

    share: Floats
    cases: Ints
    said: Floats
    hit: Floats
    net_r: Floats
    low: Floats
    high: Floats


def curve(coverage_: Coverage) -> list[dict[str, float | None]]:
    """A risk-coverage curve as rows for a document, the surest cases first; null where not known."""
    names = ("share", "cases", "said", "hit", "net_r", "low", "high")
    rows = zip(*(getattr(coverage_, name).tolist() for name in names), strict=True)
    return [
        {name: value if math.isfinite(value) else None for name, value in zip(names, row, strict=True)}
        for row in rows
    ]


def prove(said: Floats, hit: Floats, break_even: Floats, net_r: Floats, block: Ints, chosen: Bools) -> Proof:
    """The record of the `chosen` cases; all arrays (C,), `block` numbers spans of time."""
    if not chosen.any():
        return Proof(0, 0.0, *[float("nan")] * 5)
    mean, error = clustered(net_r[chosen], block[chosen])
    blocks = worth(block[chosen])
    return Proof(
        cases=int(chosen.sum()),
        blocks=blocks,
        said=float(said[chosen].mean()),
        hit=float(hit[chosen].mean()),
        break_even=float(break_even[chosen].mean()),
        net_r=mean,
        low_r=mean - reach(ONE_SIDED, blocks) * error if blocks >= LEAST_BLOCKS else float("nan"),
    )


def coverage(said: Floats, hit: Floats, net_r: Floats, block: Ints) -> Coverage:
    """The curve over all cases (C,), most probable first, ties in the order they came; SHARES at most."""
    order = np.argsort(-said, kind="stable")
    rows = []
    for share in SHARES:
        top = order[: max(1, round(share * len(order)))]
        mean, error = clustered(net_r[top], block[top])
        wide = reach(TWO_SIDED, worth(block[top])) * error
        said_, hit_ = float(said[top].mean()), float(hit[top].mean())
        rows.append((len(top), said_, hit_, mean, mean - wide, mean + wide))
    cases, *figures = zip(*rows, strict=True)
    return Coverage(np.array(SHARES), np.array(cases, dtype=np.int64), *(np.array(f) for f in figures))


def worth(block: Ints) -> float:
    """How many equally full blocks the cases (C,) of these blocks are worth: (sum n_b)^2 / sum n_b^2.

    Kish's (1965) effective number; the same as B / (1 + CV^2 of the sizes), by which Carter, Schnepel and
    Steigerwald (2017) count clusters of unequal size. Cases added within their blocks in proportion, such as
    neighbouring days, add nothing to it.
    """
    _, size = np.unique(block, return_counts=True)
    return float(size.sum()) ** 2 / float(np.sum(size * size))


def reach(level: float, blocks: float) -> float:
    """Standard errors from a mean to its bound at `level`: Student's t with a degree of freedom a block but
    one, as so few blocks tell little of how far they scatter (Cameron, Gelbach and Miller 2008). NaN below
    two.

    `blocks` as `worth` counts them: where one block holds most of the cases its own deviation is small, for
    the mean is mostly its own, and with a degree for every block a bound of 5 % fails in up to 16 %.
    """
    return float(stdtrit(blocks - 1.0, level)) if blocks >= 2.0 else float("nan")


def clustered(values: Floats, block: Ints) -> tuple[float, float]:
    """Mean of values (C,) and its standard error where cases of one block stand or fall together.

    Liang and Zeger (1986): sqrt(B / (B - 1) sum_b (sum of b's deviations)^2) / C; NaN for a single block.
    """
    mean = float(values.mean())
    _, owner = np.unique(block, return_inverse=True)
    sums = np.bincount(owner, values - mean)
    if len(sums) < 2:
        return mean, float("nan")
    return mean, float(np.sqrt(len(sums) / (len(sums) - 1) * np.sum(sums * sums))) / len(values)
