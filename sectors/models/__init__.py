"""Layer 2: the corners of the market, how they fare, and where money moves."""

from sectors.models.analysis import (
    SectorAnalysis,
    SectorFlow,
    SectorPerformance,
    SectorRotation,
    SectorStatus,
    Stance,
)
from sectors.models.sector import Sector, SectorMapping

__all__ = [
    "Sector",
    "SectorAnalysis",
    "SectorFlow",
    "SectorMapping",
    "SectorPerformance",
    "SectorRotation",
    "SectorStatus",
    "Stance",
]
