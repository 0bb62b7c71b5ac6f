"""What every page of the administrators' desk shares."""

from cryptopredict.common.desk.exports import MOST_EXPORTED, Exportable
from cryptopredict.common.desk.pages import DeskAdmin, RecordAdmin, RefusalsAsMessages
from cryptopredict.common.desk.words import (
    UNKNOWN,
    document,
    lines,
    moment,
    pairs,
    percent,
    refusal,
    short,
    spark,
    table,
)

__all__ = [
    "MOST_EXPORTED",
    "UNKNOWN",
    "DeskAdmin",
    "Exportable",
    "RecordAdmin",
    "RefusalsAsMessages",
    "document",
    "lines",
    "moment",
    "pairs",
    "percent",
    "refusal",
    "short",
    "spark",
    "table",
]
