"""The append-only records of layer 1, written by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, Subquery

from aimodels.engine.footing import Footing
from aimodels.services import Served
from assets.engine.panel import Bools, Floats, Ints
from assets.engine.timeframe import Timeframe
from macro import engine
from macro.engine.forecast import HORIZONS_DAYS
from macro.engine.regime import SPEC
from macro.engine.sentiment import SOURCES
from macro.models import Dominance, MarketSentiment, RegimeAnalysis, RegimeForecast

SHARES = ("btc_dominance", "eth_dominance", "alt_dominance", "stablecoin_dominance")
TOTALS = ("total_market_cap", "total_volume", "cap_coverage")
REGIMES = [str(word) for word in engine.REGIMES]


def store_records(
    timeframe: Timeframe,
    result: engine.Result,
    snapshot_ids: list[int],
    served: Served[engine.RegimeFit],
) -> int:
    """Append what was read of each bar, and tell older forecasts what came of them; rows appended."""
    closes = [timeframe.close_of(moment.to_pydatetime()) for moment in result.times]
    stood = served.standing(SPEC, closes)
    written = (
        _sentiments(timeframe, closes, result)
        + _dominances(timeframe, closes, result)
        + _analyses(timeframe, closes, result, snapshot_ids, stood)
        + _forecasts(timeframe, closes, result, stood)
    )
    _realise(timeframe, closes[0], closes[-1])
    return written


def _sentiments(timeframe: Timeframe, closes: list[datetime], result: engine.Result) -> int:
    parts = _dicts(dict(zip(SOURCES, result.sentiment_parts.T, strict=True)), known_only=True)
    funding = _dicts({"btc": result.metrics["funding_rate_btc"]}, known_only=True)
    social = {"google_trends_score": result.metrics["google_trends_score"]}
    return MarketSentiment.objects.append(
        {
            "timeframe": timeframe,
            "as_of": closes,
            "fear_greed_index": result.metrics["fear_greed_index"],
            "funding_rates": funding,
            "social_sentiment": _dicts(social, known_only=True),
            "composite_sentiment": result.composite_sentiment,
            "sentiment_sources": parts,
        }
    )


def _dominances(timeframe: Timeframe, closes: list[datetime], result: engine.Result) -> int:
    known = np.isfinite(result.dominance["btc_dominance"])
    if not known.any():
        return 0
    shares = {name: values[known] for name, values in result.dominance.items()}
    changes = {name: values for name, values in shares.items() if name not in (*SHARES, *TOTALS)}
    return Dominance.objects.append(
        {
            "timeframe": timeframe,
            "as_of": [close for close, there in zip(closes, known, strict=True) if there],
            **{name: shares[name] for name in (*SHARES, *TOTALS)},
            "dominance_changes": _dicts(changes),
        }
    )


def _analyses(
    timeframe: Timeframe,
    closes: list[datetime],
    result: engine.Result,
    snapshot_ids: list[int],
    stood: Sequence[Footing],
) -> int:
    sentiment = {"composite": result.composite_sentiment}
    sentiment |= dict(zip(SOURCES, result.sentiment_parts.T, strict=True))
    market = {
        "market_return": result.market_return,
        "btc_return": result.btc_return,
        "members": result.members,
        "index_cap_coverage": result.cap_coverage,
    }
    return RegimeAnalysis.objects.append(
        {
            "timeframe": timeframe,
            "as_of": closes,
            "market_regime": _words(result.regime, engine.REGIMES),
            "phase": _words(result.phase, engine.PHASES),
            "risk_level": _words(result.risk_level, engine.RISK_LEVELS),
            "confidence_score": np.where(_withheld(stood), np.nan, result.confidence),
            "trend_strength": result.trend_strength,
            "recommended_exposure": result.recommended_exposure,
            "probabilities": _probabilities(result.settled),
            "sentiment_breakdown": _dicts(sentiment),
            "regime_drivers": [
                [
                    {"feature": one.feature, "value": one.value, "contribution": one.contribution}
                    for one in found
                ]
                for found in result.drivers
            ],
            "turning_point": [
                {"regime": str(flip.regime), "bars": flip.bars} if flip else {} for flip in result.flip
            ],
            "dominance_data": _dicts(result.dominance),
            "macro_indicators": _dicts(result.features | market),
            "reasons": [_reasons(*each) for each in zip(result.reason, result.absent, stood, strict=True)],
            "snapshot_id": snapshot_ids,
            "model_id": [one.model_id for one in stood],
        }
    )


def _forecasts(
    timeframe: Timeframe, closes: list[datetime], result: engine.Result, stood: Sequence[Footing]
) -> int:
    known = np.isfinite(result.probabilities).all(axis=2) & ~_withheld(stood)[:, None]
    rows, horizons = np.nonzero(known)
    if not len(rows):
        return 0
    given = result.probabilities[rows, horizons]
    return RegimeForecast.objects.append(
        {
            "timeframe": timeframe,
            "as_of": [closes[row] for row in rows],
            "horizon_hours": [24 * HORIZONS_DAYS[place] for place in horizons],
            "probabilities": _probabilities(given),
            "persistence": _probabilities(result.persistence[rows, horizons]),
            "confidence_score": given.max(axis=1),
            "model_id": [stood[row].model_id for row in rows],
        }
    )


def _realise(timeframe: Timeframe, first: datetime, last: datetime) -> None:
    """Write into each forecast, once, the regime that was read when its time had come."""
    for days in HORIZONS_DAYS:
        ahead = timedelta(days=days)
        then = RegimeAnalysis.objects.filter(
            timeframe=timeframe, as_of=OuterRef("as_of") + ahead, market_regime__isnull=False
        )
        due = RegimeForecast.objects.filter(
            timeframe=timeframe,
            horizon_hours=24 * days,
            realised_regime__isnull=True,
            as_of__range=(first - ahead, last),
        )
        due.filter(Exists(then)).update(
            realised_regime=Subquery(then.values("market_regime")[:1]),
            realised_at=Subquery(then.values("as_of")[:1]),
        )


def _words(numbers: Ints, words: tuple[Any, ...]) -> list[str | None]:
    return [str(words[number]) if number >= 0 else None for number in numbers]


def _probabilities(each: Floats) -> list[dict[str, float]]:
    """One document a row (R, 4), empty where the row is not known."""
    return [dict(zip(REGIMES, row, strict=True)) if np.isfinite(row).all() else {} for row in each.tolist()]


def _dicts(columns: Mapping[str, Floats], known_only: bool = False) -> list[dict[str, float]]:
    """Columns (R,) as one document a row; NaN becomes null, or with `known_only` is left out."""
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    documents = [dict(zip(columns, row, strict=True)) for row in rows]
    if not known_only:
        return documents
    return [{name: value for name, value in one.items() if np.isfinite(value)} for one in documents]


def _withheld(stood: Sequence[Footing]) -> Bools:
    """Rows (R,) whose model may not say how sure it is."""
    return np.array([one.withheld for one in stood], dtype=np.bool_)


def _reasons(reason: str, absent: tuple[str, ...], stood: Footing) -> dict[str, Any]:
    model = stood.document()
    found: dict[str, Any] = {"market_regime": model.get("reason", reason)} if reason else {}
    found |= {"absent_series": list(absent)} if absent else {}
    return found | ({"model": model} if model else {})
