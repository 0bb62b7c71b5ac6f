"""What others read of sectors: members and momentum for computing, readings and their age for showing."""

from assets.selectors import stale_reason
from sectors.selectors.charts import growth_chart, momentum_chart, rotation_chart
from sectors.selectors.dashboard import card, strengths
from sectors.selectors.members import (
    asset_sector_momentum,
    asset_sector_momentum_rows,
    homes,
    membership,
    rows_needed,
    sectors_ranked,
)
from sectors.selectors.pages import (
    MEMBER_SORTS,
    PERIODS,
    SORTS,
    members,
    overview,
    sector_page,
    sector_step,
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
from sectors.selectors.record import rotation_by_month, rotation_diagram, rotation_record

__all__ = [
    "MEMBER_SORTS",
    "PERIODS",
    "SORTS",
    "analysis_of",
    "asset_sector_momentum",
    "asset_sector_momentum_rows",
    "card",
    "growth_chart",
    "homes",
    "latest_analyses",
    "latest_ranking",
    "latest_rotation",
    "members",
    "membership",
    "momentum_chart",
    "overview",
    "performance_of",
    "performances_of_days",
    "rotation_by_month",
    "rotation_chart",
    "rotation_diagram",
    "rotation_record",
    "rows_needed",
    "sector_page",
    "sector_step",
    "sectors_ranked",
    "stale_reason",
    "strengths",
    "trails",
]
