"""Whether a result is more than luck: of the trials it took, of the order of its trades, of its entries."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import kurtosis, norm, skew

from assets.engine.panel import Bools, Floats, Ints, Panel
from trading.engine.backtest.kernel import Trades, trade
from trading.engine.barriers import Costs, Issued
from trading.engine.performance import known

EULER = 0.5772156649015329
DRAWS = 500
SEED = 20180101
LEAST_RETURNS = 20


@dataclass(frozen=True, slots=True)
class Deflated:
    """Sharpe ratios of one bar and what they are worth.

    `probabilistic`: chance that the true ratio is above 0; `deflated`: above `expected_best`, the best that
    `trials` strategies without skill are expected to show (Bailey and Lopez de Prado 2012, 2014). None where
    it cannot be said.
    """

    sharpe: float | None
    trials: int
    expected_best: float | None
    probabilistic: float | None
    deflated: float | None


@dataclass(frozen=True, slots=True)
class Shuffled:
    """The same trades in other orders (5th, 50th and 95th percentile of each): the luck of the order."""

    draws: int
    drawdown: tuple[float, float, float] | None
    losing_streak: tuple[float, float, float] | None
    worse: float | None


@dataclass(frozen=True, slots=True)
class Chance:
    """Random entries with the same exits: mean net R of each draw, against that of the rule.

    `p_value` the share of draws, the rule's own included, that did at least as well.
    """

    draws: int
    mean: float | None
    low: float | None
    high: float | None
    rule: float | None
    p_value: float | None


def probabilistic(returns: Floats, benchmark: float) -> float | None:
    """Probability that the true Sharpe ratio (of a bar) exceeds `benchmark`, given length, skew and tails.

    Bailey and Lopez de Prado (2012): Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)).
    """
    n = len(returns)
    spread = float(returns.std(ddof=1)) if n > 1 else 0.0
    if n < LEAST_RETURNS or spread <= 0.0:
        return None
    ratio = float(returns.mean()) / spread
    g3, g4 = float(skew(returns)), float(kurtosis(returns, fisher=False))
    inside = 1.0 - g3 * ratio + (g4 - 1.0) / 4.0 * ratio**2
    if not inside > 0.0:
        return None
    return float(norm.cdf((ratio - benchmark) * math.sqrt(n - 1.0) / math.sqrt(inside)))


def expected_best(trials: int, variance: float) -> float:
    """Best Sharpe ratio expected of `trials` without skill whose ratios have `variance` (2014, eq. 1)."""
    if trials < 2:
        return 0.0
    quantile = norm.ppf([1.0 - 1.0 / trials, 1.0 - 1.0 / (trials * math.e)])
    return math.sqrt(variance) * float((1.0 - EULER) * quantile[0] + EULER * quantile[1])


def deflate(returns: Floats, ratios: Floats) -> Deflated:
    """The result `returns` (T,) of one of `len(ratios)` trials whose Sharpe ratios (of a bar) are `ratios`.

    The variance across trials is at least what the estimate of a ratio without skill has by itself, 1 / (n -
    1): variants that differ little are still as many looks at the same data.
    """
    n = len(returns)
    spread = float(returns.std(ddof=1)) if n > 1 else 0.0
    finite = ratios[np.isfinite(ratios)]
    trials = max(len(ratios), 1)
    if n < LEAST_RETURNS or spread <= 0.0:
        return Deflated(None, trials, None, None, None)
    variance = max(float(finite.var(ddof=1)) if len(finite) > 1 else 0.0, 1.0 / (n - 1.0))
    best = expected_best(trials, variance)
    return Deflated(
        sharpe=float(returns.mean()) / spread,
        trials=trials,
        expected_best=best,
        probabilistic=probabilistic(returns, 0.0),
        deflated=probabilistic(returns, best),
    )


def shuffle(gains: Floats, drawdown: float | None, draws: int = DRAWS) -> Shuffled:
    """Deal the trades' gains (K,), shares of the portfolio, in `draws` other orders.

    `worse`: the share of orders whose drawdown is deeper than the real one.
    """
    if len(gains) < 2:
        return Shuffled(0, None, None, None)
    rng = np.random.default_rng(SEED)
    depth, streak = np.empty(draws), np.empty(draws)
    for i in range(draws):  # one order after the other: all at once would need draws x trades numbers
        order = rng.permutation(gains)
        worth = np.concatenate(([1.0], np.cumprod(1.0 + order)))
        depth[i] = 1.0 - float((worth / np.maximum.accumulate(worth)).min())
        streak[i] = _longest(order < 0)
    return Shuffled(
        draws=draws,
        drawdown=_percentiles(depth),
        losing_streak=_percentiles(streak),
        worse=None if drawdown is None else float((depth > drawdown).mean()),
    )


def _longest(flags: Bools) -> float:
    """The longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return float((edges[1::2] - edges[::2]).max(initial=0))


def _percentiles(values: Floats) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return float(low), float(middle), float(high)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Every plan that could have been entered, of one direction: flat arrays (P,) as `Issued` has them."""

    rows: Ints
    columns: Ints
    entry: Floats
    target: Floats
    stop: Floats
    sign: float


def chance(
    panel: Panel, trades: Trades, pools: list[Pool], horizon: int, costs: Costs, draws: int = DRAWS
) -> Chance:
    """Draw as many entries of each direction as the rule took, at random from all plans; same exits."""
    done = trades.take(trades.closed)
    rule = known(done.return_r.mean()) if len(done) else None
    counts = [int((trades.sign == pool.sign).sum()) for pool in pools]
    if rule is None or not any(counts):
        return Chance(0, None, None, None, rule, None)
    rng = np.random.default_rng(SEED)
    means = np.full(draws, np.nan)
    for i in range(draws):  # each draw is one sweep of the kernel over its few hundred entries
        issued = _drawn(rng, pools, counts, horizon)
        random = trade(panel, issued, costs)
        ended = random.return_r[random.closed]
        means[i] = ended.mean() if len(ended) else np.nan
    means = means[np.isfinite(means)]
    if not len(means):
        return Chance(0, None, None, None, rule, None)
    low, high = np.quantile(means, (0.025, 0.975))
    better = int((means >= rule).sum())
    return Chance(
        len(means), float(means.mean()), float(low), float(high), rule, (1 + better) / (1 + len(means))
    )


def _drawn(rng: np.random.Generator, pools: list[Pool], counts: list[int], horizon: int) -> Issued:
    parts = []
    for pool, count in zip(pools, counts, strict=True):
        # A coin and direction holds one trade at a time, so some draws are skipped: a tenth more are drawn.
        size = min(len(pool.rows), count + count // 10)
        parts.append(
            (pool, rng.choice(len(pool.rows), size, replace=False) if size else np.empty(0, np.int64))
        )
    columns = {
        name: np.concatenate([getattr(pool, name)[pick] for pool, pick in parts])
        for name in ("rows", "columns", "entry", "target", "stop")
    }
    sign = np.concatenate([np.full(len(pick), pool.sign) for pool, pick in parts])
    return Issued(**columns, sign=sign, horizon=np.full(len(sign), horizon, dtype=np.int64))
