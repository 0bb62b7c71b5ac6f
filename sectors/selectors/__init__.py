"""What others read of sectors: members and momentum for computing, readings and their age for showing."""

from assets.selectors import stale_reason
from sectors.selectors.dashboard import card, strengths
from sectors.selectors.members import (
    asset_sector_momentum,
    asset_sector_momentum_rows,
    homes,
    membership,
    rows_needed,
    sectors_ranked,
)
from sectors.selectors.readings import latest_analyses, latest_ranking, latest_rotation

__all__ = [
    "asset_sector_momentum",
    "asset_sector_momentum_rows",
    "card",
    "homes",
    "latest_analyses",
    "latest_ranking",
    "latest_rotation",
    "membership",
    "rows_needed",
    "sectors_ranked",
    "stale_reason",
    "strengths",
]
