"""What the pages of the layer show beside their charts; a fixed number of queries each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse

from aimodels.words import standing_words
from assets.models import Asset
from assets.selectors import stale_reason
from sectors import words
from sectors.models import Sector, SectorAnalysis, SectorFlow, SectorMapping, SectorPerformance
from sectors.selectors.readings import latest_analyses, latest_ranking, latest_rotation
from sectors.words import sector_name

#: Keys by which the table sorts, and the field behind each.
SORTS = {
    "share": "dominance_percentage",
    "momentum": "momentum_score",
    "24h": "performance_24h",
    "7d": "performance_7d",
    "30d": "performance_30d",
}
PERIODS = {"24h": "performance_24h", "7d": "performance_7d", "30d": "performance_30d"}
MEMBER_SORTS = {
    "cap": "asset__market_cap",
    "24h": "asset__price_change_percentage_24h",
    "7d": "asset__price_change_percentage_7d",
    "30d": "asset__price_change_percentage_30d",
}


def overview(now: datetime, sort: str, period: str) -> dict[str, Any]:
    """The ranking, what to do about each sector, the rotation, the flows; no `rows` before a run."""
    field = SORTS[sort.lstrip("-")]
    order = F(field).desc(nulls_last=True) if sort.startswith("-") else F(field).asc(nulls_last=True)
    ranking = list(latest_ranking().order_by(order, "sector_id"))
    readings = {reading.sector_id: reading for reading in latest_analyses()}
    if not ranking:
        return {"rows": []}
    as_of = ranking[0].as_of
    rotation = latest_rotation()
    return {
        "rows": [{"performance": row, "reading": readings.get(row.sector_id)} for row in ranking],
        "cells": [_cell(row, period) for row in ranking],
        "as_of": as_of,
        "stale_reason": stale_reason(ranking[0].timeframe, as_of, now),
        "rotation": rotation,
        "stays": None if rotation is None else _rest(rotation.rotation_probability),
        "stays_base": None if rotation is None else _rest(rotation.base_rate),
        "drivers": _rotation_drivers(rotation),
        "leaders": _named(ranking, rotation.leading_sectors if rotation else []),
        "decliners": _named(ranking, rotation.declining_sectors if rotation else []),
        "allocation": _allocation(ranking, readings),
        "net_flows": _net_flows(ranking, rotation.flow_directions if rotation else {}),
        "edges": list(
            SectorFlow.objects.filter(as_of=as_of, timeframe=ranking[0].timeframe)
            .select_related("from_sector", "to_sector")
            .order_by("-share")[:8]
        ),
    }


def sector_page(sector: Sector, now: datetime) -> dict[str, Any]:
    """The last reading of one sector and what stands behind it."""
    performance = _last(SectorPerformance, sector)
    reading = _last(SectorAnalysis, sector)
    return {
        "sector": sector,
        "performance": performance,
        "reading": reading,
        "drivers": outlook_drivers(reading),
        "model_note": model_note(reading),
        "stale_reason": stale_reason(performance.timeframe, performance.as_of, now) if performance else "",
    }


def members(sector: Sector, sort: str) -> QuerySet[SectorMapping]:
    """The sector's coins with their weights, in the order of `sort`."""
    field = MEMBER_SORTS[sort.lstrip("-")]
    order = F(field).desc(nulls_last=True) if sort.startswith("-") else F(field).asc(nulls_last=True)
    rows = SectorMapping.objects.filter(sector=sector, asset__is_supported=True)
    return rows.select_related("asset").order_by(order, "asset_id")


def outlook_drivers(reading: SectorAnalysis | None) -> list[dict[str, Any]]:
    """What spoke for the sector (+) and against it (−); `weight` is of the largest."""
    return _drivers(reading.drivers if reading else [])


def sector_step(asset: Asset) -> dict[str, Any] | None:
    """What the layer says of a coin's home, for the why-trail; None where it has none or nothing was said."""
    mapping = SectorMapping.objects.filter(asset=asset, is_primary=True).select_related("sector").first()
    reading = _last(SectorAnalysis, mapping.sector) if mapping else None
    if mapping is None or reading is None:
        return None
    return {
        "sector": mapping.sector,
        "says": str(reading.get_stance_display()),
        "figure": reading.weight,
        "confidence": reading.confidence_score,
        "drivers": outlook_drivers(reading),
        "model_note": model_note(reading),
        "as_of": reading.as_of,
    }


def model_note(reading: SectorAnalysis | None) -> str:
    """What the model behind a reading stood on; empty where the calendar's own fit served."""
    return standing_words(reading.analysis_data.get("model", {})) if reading else ""


def _last(model: type[Any], sector: Sector) -> Any:
    return (
        model.objects.filter(sector=sector)
        .select_related(*(["model"] if model is SectorAnalysis else []))
        .order_by("-as_of")
        .first()
    )


def _cell(row: SectorPerformance, period: str) -> dict[str, Any]:
    return {
        "name": sector_name(row.sector.name),
        "size": row.total_market_cap,
        "change": getattr(row, PERIODS[period]),
        "url": reverse("sectors:sector", args=[row.sector.slug]),
    }


def _rest(share: float | None) -> float | None:
    return None if share is None else 1.0 - share


def _named(ranking: list[SectorPerformance], slugs: list[str]) -> list[Sector]:
    by_slug = {row.sector.slug: row.sector for row in ranking}
    return [by_slug[slug] for slug in slugs if slug in by_slug]


def _allocation(
    ranking: list[SectorPerformance], readings: dict[int, SectorAnalysis]
) -> list[dict[str, Any]]:
    weighed = [(row.sector, readings[row.sector_id]) for row in ranking if row.sector_id in readings]
    known = [(sector, reading) for sector, reading in weighed if reading.weight]
    known.sort(key=lambda pair: -pair[1].weight)
    return [{"sector": sector, "weight": reading.weight, "reading": reading} for sector, reading in known]


def _net_flows(ranking: list[SectorPerformance], flows: dict[str, float]) -> list[dict[str, Any]]:
    """Net flow of each sector as a share of the whole market, largest inflow first."""
    most = max((abs(value) for value in flows.values()), default=0.0)
    rows = [
        {"sector": row.sector, "share": flows[row.sector.slug], "relative": flows[row.sector.slug] / most}
        for row in ranking
        if most and flows.get(row.sector.slug) is not None
    ]
    return sorted(rows, key=lambda row: -row["share"])


def _rotation_drivers(rotation: Any) -> list[dict[str, Any]]:
    return _drivers(rotation.rotation_signals.get("drivers", []) if rotation else [])


def _drivers(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    most = max((abs(one["weight"]) for one in found), default=0.0)
    return [
        {
            "name": words.feature_name(one["feature"]),
            "value": one["value"],
            "weight": one["weight"] / most if most else 0.0,
        }
        for one in found
    ]
