"""What choosing by score brought: the best coins beside all that were scored."""

from __future__ import annotations

import numpy as np

from assets.engine.panel import Bools, Floats

TOP = 0.7  # from this percentile on a coin may be called a buy


def lead(close: Floats, score: Floats) -> Floats:
    """How far the best three tenths by score stand ahead of all scored coins (T,), as a fraction, from the
    first close that was scored (0) to the last.

    What each close's scores (T, N) choose is held to the next close (T, N) in equal parts, before costs; a
    coin without a next close counts in neither. Where no coin was among the best, they are all. Empty where
    nothing was scored.
    """
    scored = np.flatnonzero(np.isfinite(score).any(axis=1))
    if not len(scored):
        return np.empty(0)
    close, score = close[scored[0] :], score[scored[0] :]
    returns = close[1:] / close[:-1] - 1.0
    known = np.isfinite(returns) & np.isfinite(score[:-1])
    best = known & (score[:-1] >= TOP)
    best |= known & ~best.any(axis=1, keepdims=True)
    ahead = (1.0 + _mean(returns, best)) / (1.0 + _mean(returns, known))
    return np.concatenate(([0.0], np.cumprod(ahead) - 1.0))


def _mean(returns: Floats, held: Bools) -> Floats:
    """Mean return (T,) of what is held; 0 where nothing is."""
    return np.asarray(np.where(held, returns, 0.0).sum(axis=1) / np.maximum(held.sum(axis=1), 1))
