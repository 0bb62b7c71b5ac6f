"""Who belongs where, as the engine takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from aimodels import selectors as aimodels
from assets.engine.panel import Floats, Ints, Panel
from assets.engine.timeframe import Timeframe
from sectors.engine import SPECS, Membership, home_momentum, home_momentum_lookback, lookback
from sectors.models import Sector, SectorMapping


def sectors_ranked() -> list[Sector]:
    """The sectors that take part, in the fixed order in which arrays hold them."""
    return list(Sector.objects.filter(is_active=True).order_by("pk"))


def rows_needed(timeframe: Timeframe, since: datetime, as_of: datetime) -> int:
    """Bars that `sectors.services.rank` needs to speak about every close from `since` to `as_of`."""
    return aimodels.needed_rows(SPECS, timeframe, since, as_of, lookback(timeframe))


def membership(asset_ids: Iterable[int], sectors: Sequence[Sector] | None = None) -> Membership:
    """Weights of the coins `asset_ids` (N,) in the ranked sectors (S,), in two queries at most.

    `names` are the sectors' slugs. A coin that nobody mapped has a row of zeros. Raises ValueError where
    the weights of a coin add up to more than 1.
    """
    return _members(asset_ids, sectors_ranked() if sectors is None else sectors)[0]


def homes(asset_ids: Iterable[int], sectors: Sequence[Sector] | None = None) -> Ints:
    """Index (N,) into the ranked sectors of each coin's primary one; -1 where it has none."""
    return _members(asset_ids, sectors_ranked() if sectors is None else sectors)[1]


def asset_sector_momentum(panel: Panel) -> Floats:
    """Momentum (T, N) in [-1, 1] of each coin's primary sector, NaN where unknown: a feature for selection.

    It is computed from the panel with today's membership, not read from records, so that it follows
    the law of no lookahead; a row needs `asset_sector_momentum_rows` rows before it.
    """
    members, primary = _members(panel.asset_ids, sectors_ranked())
    return home_momentum(panel, members, primary)


def asset_sector_momentum_rows(timeframe: Timeframe) -> int:
    """Rows before a row on which its `asset_sector_momentum` depends."""
    return home_momentum_lookback(timeframe)


def _members(asset_ids: Iterable[int], sectors: Sequence[Sector]) -> tuple[Membership, Ints]:
    rows = {int(asset): n for n, asset in enumerate(asset_ids)}
    columns = {sector.pk: s for s, sector in enumerate(sectors)}
    weights = np.zeros((len(rows), len(columns)))
    primary = np.full(len(rows), -1, dtype=np.int64)
    # All mappings, not those of `asset_ids`: a few hundred rows cost less than a long list of ids.
    mappings = SectorMapping.objects.filter(sector__is_active=True)
    for asset, sector, weight, is_primary in mappings.values_list(
        "asset_id", "sector_id", "weight", "is_primary"
    ):
        if asset in rows and sector in columns:
            weights[rows[asset], columns[sector]] = weight
            if is_primary:
                primary[rows[asset]] = columns[sector]
    stable = np.array([bool(sector.characteristics.get("stable")) for sector in sectors], dtype=np.bool_)
    return Membership(tuple(sector.slug for sector in sectors), weights, stable), primary
