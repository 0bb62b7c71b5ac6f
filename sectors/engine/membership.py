"""Which coin belongs to which sector, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Bools, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Membership:
    """Sectors across, coins down.

    `names` (S,); `weights` (N, S): the share of a coin that counts for a sector, rows sum to at most 1;
    `stable` (S,): True for a sector of pegged coins, whose members are the panel's `is_stable` coins and
    which is cash, not a bet. Raises ValueError when the shapes or weights break these rules.
    """

    names: tuple[str, ...]
    weights: Floats
    stable: Bools

    def __post_init__(self) -> None:
        """Refuse what no index could be made of."""
        sectors = len(self.names)
        if self.weights.ndim != 2 or self.weights.shape[1] != sectors or self.stable.shape != (sectors,):
            raise ValueError(f"{sectors} sectors need weights (N, {sectors}) and stable ({sectors},)")
        if not np.isfinite(self.weights).all() or (self.weights < 0).any():
            raise ValueError("membership weights must be finite and not negative")
        if (self.weights.sum(axis=1) > 1 + 1e-9).any():
            raise ValueError("the membership weights of a coin must add up to at most 1")

    @property
    def risky(self) -> Bools:
        """Sectors (S,) that compete for money: all but the pegged ones."""
        return ~self.stable
