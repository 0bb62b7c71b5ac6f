"""What is traded, its bars, and the frame of every analysis."""

from assets.models.analysis import Analysis, Origin, record_triggers
from assets.models.asset import Asset, AssetType, WatchlistTier
from assets.models.candle import Candle, CandleArchive
from assets.models.fields import TimeframeField
from assets.models.imports import DataImport, ImportKind, ImportStatus

__all__ = [
    "Analysis",
    "Asset",
    "AssetType",
    "Candle",
    "CandleArchive",
    "DataImport",
    "ImportKind",
    "ImportStatus",
    "Origin",
    "TimeframeField",
    "WatchlistTier",
    "record_triggers",
]
