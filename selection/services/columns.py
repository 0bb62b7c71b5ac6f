"""From the engine's arrays to columns of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import orjson

from aimodels.engine.footing import Footing
from assets.engine.panel import Floats, Ints, Panel
from selection.engine import Result
from selection.engine.analysis import Technical
from selection.engine.features import FEATURES
from selection.engine.reasons import Reasons
from selection.words import MONTH

DIGITS = 5
BLOCK = 8192
INDICATORS = tuple(field.name for field in fields(Technical))


def columns(
    panel: Panel, result: Result, stood: Sequence[Footing], month_stood: Sequence[Footing]
) -> dict[str, Any]:
    """Columns of `WatchlistAnalysis`, one entry for each member of the universe in each row of `result`;
    `stood` (R,) is what each row's score rests on, `month_stood` (R,) that of thirty days."""
    row, coin = np.nonzero(result.members)
    silent = np.array([one.withheld for one in stood], dtype=np.bool_)
    week, month, condition = result.week, result.month, result.analysis
    return {
        "timeframe": panel.timeframe,
        "as_of": _of_rows(result.as_of, row),
        "asset_id": panel.asset_ids[coin],
        "score": week.percentile[row, coin],
        "rank": whole(condition.rank[row, coin]),
        "raw_score": week.raw[row, coin],
        "score_30d": month.percentile[row, coin],
        "expected_return": week.expected[row, coin],
        "confidence_score": week.confidence[row, coin],
        "base_rate": np.where(np.isfinite(week.raw[row, coin]), week.base_rate[row], np.nan),
        "risk_level": condition.risk[row, coin].tolist(),
        "recommendation": np.where(silent[row], "", condition.recommendation[row, coin]).tolist(),
        "sector_correlation": condition.sector_correlation[row, coin],
        "drivers": drivers(week.reasons, row, coin),
        "technical_indicators": indicators(condition.technical, row, coin),
        "reason": why_not(result, (row, coin), stood, month_stood),
        "model_id": _of_rows([one.model_id for one in stood], row),
    }


def drivers(reasons: Reasons, row: Ints, coin: Ints) -> list[str]:
    """JSON [[factor, value, percentile, contribution], ...] of each cell, strongest first; [] without any."""
    texts: list[str] = []
    for cut in _blocks(len(row)):
        cells = row[cut], coin[cut]
        numbers = zip(
            reasons.feature[cells].tolist(),
            significant(reasons.value[cells]).tolist(),
            significant(reasons.percentile[cells]).tolist(),
            significant(reasons.contribution[cells]).tolist(),
            strict=True,
        )
        texts += [
            orjson.dumps(
                [(FEATURES[f], v, p, c) for f, v, p, c in zip(*cell, strict=True) if f >= 0]
            ).decode()
            for cell in numbers
        ]
    return texts


def indicators(technical: Technical, row: Ints, coin: Ints) -> list[str]:
    """JSON object of each cell's technical indicators, null where a window is not filled."""
    texts: list[str] = []
    for cut in _blocks(len(row)):
        values = np.stack([getattr(technical, name)[row[cut], coin[cut]] for name in INDICATORS], axis=1)
        cells = significant(values).tolist()
        texts += [orjson.dumps(dict(zip(INDICATORS, cell, strict=True))).decode() for cell in cells]
    return texts


def why_not(
    result: Result, cells: tuple[Ints, Ints], stood: Sequence[Footing], month_stood: Sequence[Footing]
) -> list[str]:
    """Why a cell has no score: its row lacks a fit, or the coin has too few known factors; else what there is
    to say of the models behind both scores, which is nothing where the calendar's own fits served."""
    row, coin = cells
    of_model = np.asarray([one.document().get("reason", "") for one in stood], dtype=np.str_)
    lacking = np.asarray(result.reason, dtype=np.str_)
    of_row = np.where((lacking != "") & (of_model != ""), of_model, lacking)[row]
    scored = np.isfinite(result.week.raw[row, coin])
    own = np.where(of_row == "", "too few of the coin's factors are known", of_row)
    of_both = np.asarray(
        [said_of(one.document(), two.document()) for one, two in zip(stood, month_stood, strict=True)],
        dtype=np.str_,
    )
    return [str(text) for text in np.where(scored, of_both[row], own).tolist()]


def said_of(week: Mapping[str, Any], month: Mapping[str, Any]) -> str:
    """What there is to say of the models of seven and of thirty days; the second is named as such."""
    own, other = week.get("reason", ""), month.get("reason", "")
    return "; ".join(filter(None, (own, other and MONTH + other)))


def significant(values: Floats, digits: int = DIGITS) -> Floats:
    """`values` to so many significant decimal digits, short in JSON; 0 and NaN as they are."""
    known = np.isfinite(values) & (values != 0)
    size = np.floor(np.log10(np.abs(values), out=np.zeros_like(values), where=known)).astype(np.int64)
    places = digits - 1 - size
    # A power of ten with a negative exponent is no exact number: divide by the positive one instead.
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    return np.where(known, np.rint(values * up / down) / up * down, values)


def whole(values: Floats) -> list[int | None]:
    """Whole numbers, None for NaN."""
    return [int(value) if value == value else None for value in values.tolist()]


def _of_rows(values: Any, row: Ints) -> list[Any]:
    """The entry of each cell's row: references to one object a row, not copies."""
    return [values[index] for index in row.tolist()]


def _blocks(size: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, size, BLOCK)]
