"""The only writers of sectors, memberships and sector records."""

from sectors.services.membership import (
    Seeded,
    assign,
    assign_members,
    check_weight,
    release,
    save_sector,
    seed_sectors,
    unassign,
)
from sectors.services.ranking import RankingError, rank

__all__ = [
    "RankingError",
    "Seeded",
    "assign",
    "assign_members",
    "check_weight",
    "rank",
    "release",
    "save_sector",
    "seed_sectors",
    "unassign",
]
