"""The mood of the market as one figure, and what it was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats
from macro.engine.features import Features

SOURCES = ("fear_greed_index", "funding_rate", "market_momentum")


@dataclass(frozen=True, slots=True, eq=False)
class Sentiment:
    """`composite` in [-1, 1] (T,), the mean of the parts that exist; `parts` (T, 3) in the order of
    `SOURCES`, NaN where a source is absent.
    """

    composite: Floats
    parts: Floats

    def sources(self, row: int) -> tuple[str, ...]:
        """Names of what the composite of that row was made from."""
        return tuple(name for name, part in zip(SOURCES, self.parts[row], strict=True) if np.isfinite(part))


def sentiment(features: Features) -> Sentiment:
    """Fear & greed from its middle, funding's place in its year, and the month's return per risk."""
    column = features.columns
    parts = np.column_stack(
        [
            np.clip(column["fear_greed"] / 50.0 - 1.0, -1.0, 1.0),
            2.0 * column["funding_percentile"] - 1.0,
            column["trend_20"],
        ]
    )
    seen = np.isfinite(parts)
    count = seen.sum(axis=1)
    filled = np.where(seen, parts, 0.0)
    total = filled[:, 0] + filled[:, 1] + filled[:, 2]
    composite = np.divide(total, count, out=np.full(len(parts), np.nan), where=count > 0)
    return Sentiment(composite, parts)
