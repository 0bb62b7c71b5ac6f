"""Market files as people have them, read into checked batches. Knows nothing of the database."""

from assets.formats.candles import Batch, CandleSource
from assets.formats.caps import CapBatch, CapSource, open_caps
from assets.formats.errors import RULES, Fault, FormatError, Reason, Reject
from assets.formats.files import find_files
from assets.formats.opening import open_source
from assets.formats.series import SeriesBatch, SeriesSource, open_series

__all__ = [
    "RULES",
    "Batch",
    "CandleSource",
    "CapBatch",
    "CapSource",
    "Fault",
    "FormatError",
    "Reason",
    "Reject",
    "SeriesBatch",
    "SeriesSource",
    "find_files",
    "open_caps",
    "open_series",
    "open_source",
]
