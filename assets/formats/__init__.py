"""Market files as people have them, read into checked batches. Knows nothing of the database."""

from assets.formats.candles import Batch, CandleSource
from assets.formats.errors import RULES, Fault, FormatError, Reason, Reject
from assets.formats.files import find_files
from assets.formats.opening import open_source

__all__ = [
    "RULES",
    "Batch",
    "CandleSource",
    "Fault",
    "FormatError",
    "Reason",
    "Reject",
    "find_files",
    "open_source",
]
