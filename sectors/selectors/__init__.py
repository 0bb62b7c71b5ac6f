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
from sectors.selectors.readings import (
    analysis_of,
    latest_analyses,
    latest_ranking,
    latest_rotation,
    performance_of,
    performances_of_days,
    trails,
)

__all__ = [
    "analysis_of",
    "asset_sector_momentum",
    "asset_sector_momentum_rows",
    "card",
    "homes",
    "latest_analyses",
    "latest_ranking",
    "latest_rotation",
    "membership",
    "performance_of",
    "performances_of_days",
    "rows_needed",
    "sectors_ranked",
    "stale_reason",
    "strengths",
    "trails",
]
