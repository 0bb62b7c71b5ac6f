"""The track record: of each layer, what was said against what came, live and replayed apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from aimodels import selectors as aimodels
from aimodels.engine.reliability import LEAST_CASES, Cell
from aimodels.words import model_name
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from assets.selectors import newest_close
from cryptopredict.common.htmx import for_role, page
from cryptopredict.common.remembered import DAY, remembered
from macro import selectors as macro
from sectors import selectors as sectors
from selection.selectors import record as scores
from selection.selectors.record import ScoreRecord
from trading import selectors as trading

DAYS = 365
DIRECTIONS = {"long": _("Long: the target before the stop"), "short": _("Short: the target before the stop")}
SPANS = {24: _("1 day ahead"), 168: _("7 days ahead"), 720: _("30 days ahead")}
Figure = tuple[str, Any, str]  # name, value, kind: share or number


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of claim: its cases, figures beside the rival's, and the addresses of its charts."""

    title: str
    cell: Cell | None
    figures: list[Figure]
    skill: float | None
    diagram: str
    months: str
    scores: ScoreRecord | None = None  # of the selection, where no probability is judged but a rank

    @property
    def is_few(self) -> bool:
        """Whether there are too few cases to judge."""
        if self.scores is not None:
            return self.scores.own is None
        return self.cell is None or self.cell.count < LEAST_CASES


@dataclass(frozen=True, slots=True)
class Layer:
    """A tab of the page: how its groups are read, and the models whose cards hold the judgement."""

    title: str | Promise
    claim: str | Promise
    rival: str | Promise
    read: Callable[[Origin, datetime, datetime], list[Group]]
    models: tuple[str, ...]


def _address(view: str, **asked: Any) -> str:
    return f"{reverse(view)}?{'&'.join(f'{name}={value}' for name, value in asked.items())}"


def _trading(origin: Origin, since: datetime, until: datetime) -> list[Group]:
    told = trading.candidate_record(origin=origin, since=since, until=until)
    by = {row["direction"]: row for row in told}
    groups = []
    for side, title in DIRECTIONS.items():
        row = by.get(side, {})
        figures: list[Figure] = [
            (_t("Brier score"), row.get("brier"), "number"),
            (_t("The base rate's"), row.get("rival_brier"), "number"),
        ]
        asked = {"direction": side, "origin": origin.value}
        addresses = [_address(f"trading:{name}_data", **asked) for name in ("reliability", "months")]
        groups.append(Group(str(title), row.get("cell"), figures, row.get("skill"), *addresses))
    return groups


def _intervals(origin: Origin, since: datetime, until: datetime) -> list[Group]:
    by = {row["hours"]: row for row in aimodels.coverage(origin=origin, since=since, until=until)}
    names = {hours: f"interval_{hours // 24}d" for hours in aimodels.HORIZONS}
    rival = aimodels.rival_coverage(tuple(names.values()))
    groups = []
    for hours in aimodels.HORIZONS:
        row = by.get(hours, {})
        figures: list[Figure] = [
            (_t("Ended within 5 % of the price foretold"), row.get("accurate"), "share"),
            (_t("The random walk's, on unseen bars"), rival[names[hours]], "share"),
        ]
        months = _address("aimodels:coverage_data", horizon=hours, origin=origin.value)
        groups.append(Group(str(SPANS[hours]), row.get("cell"), figures, None, "", months))
    return groups


def _regimes(origin: Origin, since: datetime, until: datetime) -> list[Group]:
    by = {row["hours"]: row for row in macro.forecast_record(origin=origin, since=since)}
    groups = []
    for hours in macro.FORECAST_HORIZONS:
        row = by.get(hours, {})
        figures: list[Figure] = [
            (_t("Log loss"), row.get("log_loss"), "number"),
            (_t("Persistence's"), row.get("rival_log_loss"), "number"),
        ]
        asked = {"horizon": hours, "origin": origin.value}
        addresses = [_address(f"macro:forecast_{name}_data", **asked) for name in ("diagram", "months")]
        groups.append(Group(str(SPANS[hours]), row.get("cell"), figures, row.get("skill"), *addresses))
    return groups


def _rotation(origin: Origin, since: datetime, until: datetime) -> list[Group]:
    score = sectors.rotation_record(origin=origin, since=since)
    figures: list[Figure] = [
        (_t("Brier score"), score.brier if score else None, "number"),
        (_t("The base rate's"), score.rival_brier if score else None, "number"),
    ]
    addresses = [
        _address(f"sectors:rotation_{name}_data", origin=origin.value) for name in ("diagram", "months")
    ]
    cell, skill = (score.cell, score.skill) if score else (None, None)
    return [Group(_t("The 28-day leaders will be others in 7 days"), cell, figures, skill, *addresses)]


def _selection(origin: Origin, since: datetime, until: datetime) -> list[Group]:
    by = {row.days: row for row in scores.score_record(origin=origin, since=since, until=until)}
    groups = []
    for days in scores.HORIZONS:
        months = _address("selection:record_months_data", days=days, origin=origin.value)
        groups.append(Group(str(SPANS[24 * days]), None, [], None, "", months, by.get(days)))
    return groups


LAYERS = {
    "trading": Layer(
        _("Signals"),
        _("Probability that the target is reached before the stop: every candidate, not only those issued."),
        _("the base rate"),
        _trading,
        ("timing_long", "timing_short"),
    ),
    "predictions": Layer(
        _("Price intervals"),
        _("Each interval claims to hold the price in 80 of 100 cases."),
        _("a random walk's interval, on the bars the model was judged on"),
        _intervals,
        ("interval_1d", "interval_7d"),
    ),
    "selection": Layer(
        _("Selection"),
        _(
            "Rank correlation of each close's scores with the returns that followed: 0 is worth nothing, "
            "0.05 is good. Returns run from the next open; coins that died count."
        ),
        _("last month's return"),
        _selection,
        ("selection_7d", "selection_30d"),
    ),
    "macro": Layer(
        _("Regime"),
        _("Probability of the likeliest regime, against the one that was read when its time had come."),
        _("calibrated persistence"),
        _regimes,
        ("macro_regime",),
    ),
    "sectors": Layer(
        _("Sectors"),
        _("Probability that the lead changes hands within a week. Who will lead is not foretold."),
        _("the base rate"),
        _rotation,
        ("sectors.rotation",),
    ),
}


@require_safe
@for_role("casual")
def record(request: HttpRequest) -> HttpResponse:
    """One layer's record over the last year, of one origin; the charts behind it have ranges of their own."""
    layer = request.GET.get("layer", "")
    layer = layer if layer in LAYERS else "trading"
    asked = request.GET.get("origin", "")
    origin = Origin(asked) if asked in Origin.values else remembered("record:origin", _usual, DAY)
    until = newest_close(Timeframe.DAY)
    since = until - timedelta(days=DAYS)
    shown = LAYERS[layer]
    groups, signals = remembered(
        f"record:{layer}:{origin}:{until:%Y%m%d%H%M}",
        lambda: (
            shown.read(origin, since, until),
            _signals(origin, since, until) if layer == "trading" else None,
        ),
        DAY,
    )
    context = {
        "layers": [(key, one.title) for key, one in LAYERS.items()],
        "layer": layer,
        "shown": shown,
        "models": [(name, model_name(name)) for name in shown.models],
        "origin": origin.value,
        "origins": Origin.choices,
        "groups": groups,
        "signals": signals,
        "days": DAYS,
        "as_of": until,
        "ledger": aimodels.ledger_state(),
    }
    return page(request, "record.html", context)


def _signals(origin: Origin, since: datetime, until: datetime) -> dict[str, Any]:
    found = trading.signal_record(origin=origin, since=since, until=until)
    return {"is_few": found is None or found["cell"].count < LEAST_CASES, **(found or {"cell": None})}


def _usual() -> Origin:
    """Live where anything live has come to its end; else replayed."""
    return Origin.LIVE if aimodels.has_ended(Origin.LIVE) else Origin.REPLAY
