"""What became of scores: the rank correlation of each close, written once its horizon is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef

from assets.engine import rolling
from assets.engine.panel import Floats, Panel
from selection import engine
from selection.engine import labels
from selection.engine.judge import rank_correlation
from selection.models import ScoreOutcome, WatchlistAnalysis

RIVAL_DAYS = 28
FIELDS = {spec.horizon_days: field for spec, field in zip(engine.SPECS, ("score", "score_30d"), strict=True)}


def realise_scores(*, panel: Panel) -> int:
    """Judge the scores stored for the bars of `panel` whose horizon is over by its end; rows written.

    Bars that had closed alone: returns from the open after the close to the open after the horizon. Closes
    that are judged already are passed over, so run again it writes nothing. Two queries a horizon.
    """
    return sum(_realise(panel, days, field) for days, field in FIELDS.items())


def _realise(panel: Panel, days: int, field: str) -> int:
    bars = panel.timeframe.bars(timedelta(days=days))
    last = len(panel.times) - bars - 2  # the entry is one bar later, and so is the exit
    if last < 0:
        return 0
    rows = {panel.as_of(row): row for row in range(last + 1)}
    done = ScoreOutcome.objects.filter(
        timeframe=panel.timeframe, horizon_days=days, origin=OuterRef("origin"), as_of=OuterRef("as_of")
    )
    scored = WatchlistAnalysis.objects.filter(
        ~Exists(done),
        timeframe=panel.timeframe,
        as_of__gte=panel.as_of(0),
        as_of__lte=panel.as_of(last),
        **{f"{field}__isnull": False},
    )
    found = list(scored.values_list("origin", "as_of", "asset_id", field))
    if not found:
        return 0
    returns = labels.forward_return(panel, bars)
    rival = _gained(panel, panel.timeframe.bars(timedelta(days=RIVAL_DAYS)))
    columns: dict[str, list[Any]] = {name: [] for name in ("origin", "as_of", "ic", "rival_ic", "coins")}
    place = {asset: column for column, asset in enumerate(panel.asset_ids.tolist())}
    for origin in sorted({row[0] for row in found}):
        _judge(columns, origin, _table(found, origin, rows, place, panel.shape), (returns, rival), rows)
    fixed = {"timeframe": panel.timeframe, "horizon_days": days}
    return ScoreOutcome.objects.append({**fixed, **columns}) if columns["ic"] else 0


def _table(
    found: list[tuple[Any, ...]],
    origin: str,
    rows: dict[datetime, int],
    place: dict[int, int],
    shape: tuple[int, int],
) -> Floats:
    """Scores (T, N) of one origin; NaN where there is none."""
    out = np.full(shape, np.nan)
    for made, moment, asset, score in found:
        if made == origin and moment in rows and asset in place:
            out[rows[moment], place[asset]] = score
    return out


def _judge(
    columns: dict[str, list[Any]],
    origin: str,
    score: Floats,
    against: tuple[Floats, Floats],
    rows: dict[datetime, int],
) -> None:
    returns, rival = against
    known = labels.judged(np.where(np.isfinite(score), returns, np.nan), np.isfinite(score))
    own = rank_correlation(score, np.where(known, returns, np.nan))
    other = rank_correlation(np.where(known, rival, np.nan), np.where(known, returns, np.nan))
    for moment, row in rows.items():
        if not np.isfinite(own[row]):
            continue
        columns["origin"].append(origin)
        columns["as_of"].append(moment)
        columns["ic"].append(float(np.clip(own[row], -1.0, 1.0)))
        columns["rival_ic"].append(float(np.clip(other[row], -1.0, 1.0)) if np.isfinite(other[row]) else None)
        columns["coins"].append(int(known[row].sum()))


def _gained(panel: Panel, bars: int) -> Floats:
    """Return (T, N) over the last `bars`."""
    return np.asarray(panel.close / rolling.lag(panel.close, bars) - 1.0, dtype=np.float64)
