"""Whether a score is worth anything: rank correlation, what is left of it beside its rivals, and money
after costs.

Every figure is a series by row first, so that a page can show it, and then a mean with an interval that
knows that neighbouring labels overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats
from selection.engine import labels
from selection.engine.features import ratio
from selection.engine.inputs import Inputs

LEAST_ROWS = 20
QUINTILE = 0.3  # ranks run from -0.5 to 0.5: a fifth lies beyond 0.3 on either side
DECAY_DAYS = (1, 3, 7, 14, 30, 60)


@dataclass(frozen=True, slots=True)
class Costs:
    """Shares of the amount traded, on each side of each trade."""

    fee: float = 0.001
    slippage: float = 0.001


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over rows, its t-value with overlapping labels accounted for (Newey and West 1987), the 95 %
    interval of the circular block bootstrap, and the number of rows.
    """

    mean: float
    t_value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score over one horizon: `ic` rank correlation with the return, `beyond` the same with the
    low-volatility rule held fixed, `rivals` the correlation of each naive rule, `decay` the mean
    correlation by horizon in days, `spread` top minus bottom fifth a horizon after costs, `gross`
    before, `turnover` share of both fifths replaced a horizon.
    """

    ic: Estimate
    beyond: Estimate
    rivals: Mapping[str, Estimate]
    decay: Mapping[int, float]
    spread: Estimate
    gross: Estimate
    turnover: float


def judge(
    inputs: Inputs, score: Floats, first: int, days: int, costs: Costs | None = None, seed: int = 7
) -> Judgement:
    """Judge a score (R, N) of rows `first` to the last over a horizon of `days`.

    The rows should be out of sample for whatever made the score. Raises ValueError below 20 judged rows.
    """
    bars = inputs.panel.timeframe.bars(timedelta(days=days))
    returns = forward(inputs, first, days)
    rules = rival_scores(inputs, first)
    calm = rules["low_volatility"]
    gross, turnover = quintile_spread(score, returns, bars)
    net = gross - turnover * 2.0 * (costs or Costs()).fee - turnover * 2.0 * (costs or Costs()).slippage

    def over(series: Floats) -> Estimate:
        return estimate(series, bars + 1, seed)

    return Judgement(
        ic=over(rank_correlation(score, returns)),
        beyond=over(partial_correlation(score, returns, calm)),
        rivals={name: over(rank_correlation(rule, returns)) for name, rule in rules.items()},
        decay={n: _mean(rank_correlation(score, forward(inputs, first, n))) for n in DECAY_DAYS},
        spread=over(net),
        gross=over(gross),
        turnover=_mean(turnover),
    )


def forward(inputs: Inputs, first: int, days: int) -> Floats:
    """Members' returns (R, N) from the next open over `days`, NaN outside and where not yet known."""
    bars = inputs.panel.timeframe.bars(timedelta(days=days))
    returns = labels.forward_return(inputs.panel, bars)[first:]
    return np.where(labels.judged(returns, inputs.members[first:]), returns, np.nan)


def rival_scores(inputs: Inputs, first: int) -> Mapping[str, Floats]:
    """Naive rules (R, N) that a learned score has to beat."""
    return {
        "low_volatility": -inputs.raw["idiosyncratic_volatility"][first:],
        "last_month": inputs.raw["momentum_4w"][first:],
    }


def rank_correlation(score: Floats, returns: Floats) -> Floats:
    """Spearman correlation of each row's score and return (R,); NaN where fewer than 3 coins or one side
    is flat.
    """
    both = np.isfinite(score) & np.isfinite(returns)
    return _correlation(rolling.rank(score, both), rolling.rank(returns, both))


def partial_correlation(score: Floats, returns: Floats, held: Floats) -> Floats:
    """Rank correlation (R,) of score and return with the rank of `held` (R, N) taken out of both.

    (r_sy - r_sh r_yh) / sqrt((1 - r_sh^2) (1 - r_yh^2)); 0 where `held` explains either wholly and so
    leaves nothing.
    """
    every = np.isfinite(score) & np.isfinite(returns) & np.isfinite(held)
    s, y, h = (rolling.rank(x, every) for x in (score, returns, held))
    sy, sh, yh = _correlation(s, y), _correlation(s, h), _correlation(y, h)
    left = (1.0 - sh * sh) * (1.0 - yh * yh)
    root = np.sqrt(np.maximum(left, 0.0))
    return np.where(left <= 1e-9, 0.0, ratio(sy - sh * yh, root))


def quintile_spread(score: Floats, returns: Floats, bars: int) -> tuple[Floats, Floats]:
    """Mean return of the top fifth minus that of the bottom fifth (R,), and the turnover it takes (R,).

    Equal weights, held for the horizon of `bars`; turnover is the share of names replaced against the
    fifths `bars` rows before, both sides added (2 where nothing stays, and where there is no row before).
    """
    both = np.isfinite(score) & np.isfinite(returns)
    rank = rolling.rank(score, both)
    top, bottom = rank >= QUINTILE, rank <= -QUINTILE
    spread = _mean_of(returns, top) - _mean_of(returns, bottom)
    turnover = _replaced(top, bars) + _replaced(bottom, bars)
    return spread, np.where(np.isfinite(spread), turnover, np.nan)


def estimate(series: Floats, block: int, seed: int = 7, draws: int = 1000) -> Estimate:
    """Mean of a series (R,) of overlapping observations; NaN rows are left out.

    The t-value sums autocovariances over `block` rows with Bartlett weights; the bootstrap draws blocks of
    twice that length with the given seed. Raises ValueError below 20 rows.
    """
    x = series[np.isfinite(series)]
    if len(x) < LEAST_ROWS:
        raise ValueError(f"{len(x)} rows can be judged; {LEAST_ROWS} are needed")
    error = newey_west_error(x, block)
    low, high = bootstrap_interval(x, 2 * block, seed, draws)
    mean = float(x.mean())
    return Estimate(mean, mean / error if error > 0 else float("nan"), low, high, len(x))


def newey_west_error(x: Floats, lags: int) -> float:
    """Standard error of the mean: sqrt((g_0 + 2 sum_k (1 - k / (lags + 1)) g_k) / R), g_k autocovariances."""
    centred = x - x.mean()
    variance = float((centred * centred).mean())
    for k in range(1, min(lags, len(x) - 1) + 1):
        weight = 1.0 - k / (lags + 1.0)
        variance += 2.0 * weight * float((centred[k:] * centred[:-k]).sum()) / len(x)
    return float(np.sqrt(max(variance, 0.0) / len(x)))


def bootstrap_interval(x: Floats, block: int, seed: int, draws: int) -> tuple[float, float]:
    """95 % interval of the mean from circular blocks (Politis and Romano 1992), the same for the same
    seed.
    """
    block = min(block, len(x))
    wrapped = np.concatenate((x, x[:block]))
    sums = np.array([wrapped[start : start + block].sum() for start in range(len(x))])
    count = int(np.ceil(len(x) / block))
    starts = np.random.default_rng(seed).integers(0, len(x), size=(draws, count))
    means = sums[starts].sum(axis=1) / (count * block)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def summary(judgement: Judgement) -> Sequence[tuple[str, float]]:
    """The headline figures in a fixed order, for a registry's metrics."""
    return (
        ("ic", judgement.ic.mean),
        ("ic_t", judgement.ic.t_value),
        ("ic_beyond_low_volatility", judgement.beyond.mean),
        *((f"ic_{name}", rival.mean) for name, rival in judgement.rivals.items()),
        ("spread", judgement.spread.mean),
        ("spread_low", judgement.spread.low),
        ("spread_high", judgement.spread.high),
        ("turnover", judgement.turnover),
    )


def _correlation(a: Floats, b: Floats) -> Floats:
    both = np.isfinite(a) & np.isfinite(b)
    x, y = np.where(both, a, 0.0), np.where(both, b, 0.0)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    enough = both.sum(axis=1) >= 3
    return np.where(enough, ratio((x * y).sum(axis=1), scale), np.nan)


def _mean_of(x: Floats, chosen: Bools) -> Floats:
    count = chosen.sum(axis=1)
    total = np.where(chosen, x, 0.0).sum(axis=1)
    return ratio(total, count.astype(np.float64))


def _replaced(chosen: Bools, bars: int) -> Floats:
    before = np.zeros(chosen.shape, dtype=np.bool_)
    before[bars:] = chosen[:-bars]
    count = chosen.sum(axis=1)
    stayed = (chosen & before).sum(axis=1)
    return 1.0 - np.where(count > 0, ratio(stayed.astype(np.float64), count.astype(np.float64)), 0.0)


def _mean(x: Floats) -> float:
    seen = x[np.isfinite(x)]
    return float(seen.mean()) if len(seen) else float("nan")
