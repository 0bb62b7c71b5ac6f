"""How unlike its training data an input is, so that confidence there can be lowered or withheld."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats

#: The trained range of a feature runs between these quantiles.
RANGE = (0.001, 0.999)
#: Distances from the centre: usual up to this quantile of training, wholly unlike from `FAR` times it on.
USUAL, FAR = 0.99, 2.0
#: A feature counts as always there if training knew it in at least this share of rows.
ALWAYS = 0.95
SHRINKAGE = 0.1
LEAST_ROWS = 50
#: So many rows tell the quantiles and the covariance; more would cost time and change nothing.
MOST_ROWS = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What training data looked like: range (F,) of each feature, centre and scale (F,), `whiten` (F, F)
    lower triangular so that distance^2 = |whiten (x - centre) / scale|^2, the usual distance, and how often
    each feature was known (F,)."""

    low: Floats
    high: Floats
    centre: Floats
    scale: Floats
    whiten: Floats
    usual: float
    known: Floats


def reference(x: Floats) -> Reference:
    """Describe training rows x (M, F); raises ValueError below 50 rows or where no feature was ever known.

    The covariance is shrunk by a tenth towards its diagonal (Ledoit and Wolf 2004, with a fixed weight),
    so that features that say the same do not make it singular.
    """
    if len(x) < LEAST_ROWS:
        raise ValueError(f"{len(x)} rows are too few to describe training data; {LEAST_ROWS} are needed")
    seen = np.isfinite(x)
    if not seen.any():
        raise ValueError("no feature is known in any training row")
    count = np.maximum(seen.sum(axis=0), 1)
    blank = np.where(seen, x, np.nan)
    ever = seen.any(axis=0)
    low, high = np.full(x.shape[1], -np.inf), np.full(x.shape[1], np.inf)
    low[ever], high[ever] = np.nanquantile(blank[:, ever], RANGE, axis=0)
    centre = np.where(seen, x, 0.0).sum(axis=0) / count
    apart = np.where(seen, x - centre, 0.0)
    scale = np.sqrt((apart * apart).sum(axis=0) / count)
    scale = np.where(scale > 0, scale, 1.0)
    z = apart / scale
    spread = (1.0 - SHRINKAGE) * (z.T @ z) / len(z) + SHRINKAGE * np.eye(z.shape[1])
    whiten = np.linalg.inv(np.linalg.cholesky(spread))
    made = Reference(low, high, centre, scale, whiten, 1.0, seen.mean(axis=0))
    usual = float(np.quantile(distance(made, x), USUAL))
    return Reference(low, high, centre, scale, whiten, max(usual, 1e-9), made.known)


def thinned(x: Floats) -> Floats:
    """Every k-th of training rows x (M, F), from the first on, so that at most MOST_ROWS are left."""
    return x[:: -(-len(x) // MOST_ROWS)] if len(x) else x


def distance(known: Reference, x: Floats) -> Floats:
    """Mahalanobis distance (...) of x (..., F) from the centre; a missing feature adds nothing.

    Summed in a fixed order, so a row alone has the distance it has among many.
    """
    z = np.nan_to_num((x - known.centre) / known.scale, nan=0.0, posinf=1e6, neginf=-1e6)
    total = np.zeros(x.shape[:-1])
    for j in range(x.shape[-1]):
        part = np.zeros(x.shape[:-1])
        for k in range(j + 1):
            part += known.whiten[j, k] * z[..., k]
        total += part * part
    return np.asarray(np.sqrt(total), dtype=np.float64)


def unlike(known: Reference, x: Floats) -> Floats:
    """How unlike training x (..., F) is, in [0, 1] (...): 0 as usual, 1 nothing like it.

    The largest of three: where the distance stands between usual and `FAR` times that, the share of known
    features outside their trained range, and the share of features missing that training always had.
    """
    ramp = np.clip((distance(known, x) / known.usual - 1.0) / (FAR - 1.0), 0.0, 1.0)
    seen = np.isfinite(x)
    outside = (seen & ((x < known.low) | (x > known.high))).sum(axis=-1)
    beyond = outside / np.maximum(seen.sum(axis=-1), 1)
    always = known.known >= ALWAYS
    gone = (~seen & always).sum(axis=-1) / max(int(always.sum()), 1)
    return np.asarray(np.maximum(np.maximum(ramp, beyond), gone), dtype=np.float64)


def lowered(chance: Floats, base: Floats | float, strange: Floats) -> Floats:
    """A probability drawn towards its base rate by how unlike training its input is: p + u (base - p)."""
    return np.asarray(chance + strange * (base - chance), dtype=np.float64)
