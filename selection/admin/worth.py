"""The page and the file that say what the decisions were worth."""

from __future__ import annotations

import csv
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from selection import selectors
from selection.models import Decision


def page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """What decisions were worth, by horizon, rival, decision and reviewer."""
    worth = selectors.worth()
    context = {
        **frame,
        "title": _("What the decisions were worth"),
        "worth": {**worth, "horizons": [_horizon(each) for each in worth["horizons"]]},
        "decision_names": [Decision(value).label for value in Decision.values],
    }
    return TemplateResponse(request, "admin/selection/suggestion/worth.html", context)


def file(request: HttpRequest) -> HttpResponse:
    """One row a decision, as CSV."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    rows = selectors.worth()["cases"]
    names = list(rows[0]) if rows else ["review_id"]
    writer = csv.DictWriter(response, names)
    writer.writeheader()
    for row in rows:
        moments = {name: f"{row[name]:%Y-%m-%dT%H:%M:%SZ}" for name in ("reviewed_at", "start") if row[name]}
        writer.writerow({**row, **moments})
    return response


def _horizon(horizon: dict[str, Any]) -> dict[str, Any]:
    names = {"market": _("the market"), "sector": _("its sector"), "median": _("the median coin")}
    bounds = [
        bound
        for rival in horizon["rivals"].values()
        for row in [*rival["decisions"], rival["added"]]
        for bound in (row["low"], row["high"])
        if bound is not None
    ]
    low, high = min([0.0, *bounds]), max([0.0, *bounds])
    rows = []
    for name, rival in horizon["rivals"].items():
        told = [{"name": Decision(row["decision"]).label, **row} for row in rival["decisions"]]
        told.append({"name": _("approving added"), **rival["added"]})
        rows.append((names[name], [{**row, "drawn": _drawn(row, low, high)} for row in told]))
    known = any(row["count"] for _name, told in rows for row in told)
    return {"days": horizon["days"], "rows": rows, "people": horizon["reviewers"], "is_known": known}


def _drawn(row: dict[str, Any], low: float, high: float) -> dict[str, float] | None:
    """Places in a box of 100 x 10 of an interval, its mean, and nothing."""
    if row["low"] is None or high <= low:
        return None
    place = {"low": row["low"], "high": row["high"], "mean": row["mean"], "zero": 0.0}
    return {name: round(2 + 96 * (value - low) / (high - low), 1) for name, value in place.items()}
