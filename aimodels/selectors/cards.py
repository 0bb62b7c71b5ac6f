"""Model cards (Mitchell et al. 2019), made from the rows: what a model is, what it saw, how well it does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from aimodels.engine import artefact
from aimodels.engine.registry import Declared
from aimodels.models import AIModel, Evaluation
from aimodels.selectors.catalogue import catalogue, declared
from aimodels.selectors.records import decisions, jobs, latest_evaluations
from aimodels.selectors.standing import Standing, standing, standings
from aimodels.selectors.versions import current_versions
from assets.engine.timeframe import Timeframe

HISTORY = 20


def cards(timeframe: Timeframe = Timeframe.DAY, now: datetime | None = None) -> list[dict[str, Any]]:
    """The cards of all declared models, without their history; a fixed number of queries."""
    rows = {row.name: row for row in current_versions().filter(timeframe=timeframe).defer("artefact")}
    judged = {one.name: one for one in latest_evaluations().filter(timeframe=timeframe)}
    stands = standings(timeframe, now)
    return [
        _card(one, rows.get(name), judged.get(name), stands[name]) for name, one in catalogue().models.items()
    ]


def card(name: str, timeframe: Timeframe = Timeframe.DAY, now: datetime | None = None) -> dict[str, Any]:
    """The card of one model with its versions, decisions and trainings; raises Unknown."""
    one = declared(name)
    row = current_versions().filter(timeframe=timeframe, name=name).first()
    last = latest_evaluations().filter(timeframe=timeframe, name=name).first()
    versions = (
        AIModel.objects.filter(name=name, timeframe=timeframe)
        .order_by("-fitted_as_of", "-pk")
        .values("version", "status", "is_active", "fitted_as_of", "expires_at", "training_seconds")
    )
    return {
        **_card(one, row, last, standing(name, timeframe, now)),
        "risk_coverage": _risk_coverage(one, row),
        "versions": list(versions[:HISTORY]),
        "decisions": [
            {
                "verdict": record.verdict,
                "challenger": record.challenger.version,
                "champion": record.champion.version if record.champion else None,
                "serving": record.serving.version,
                "effective_from": record.effective_from,
                "window_start": record.window_start,
                "window_end": record.window_end,
                "reasons": record.reasons,
                "checks": record.checks,
                "figures": record.figures,
                "decided_at": record.created_at,
            }
            for record in decisions(name).filter(timeframe=timeframe)[:HISTORY]
        ],
        "trainings": list(
            jobs(name)
            .filter(timeframe=timeframe)
            .values("id", "status", "progress", "fit_as_of", "created_at", "finished_at", "error")[:HISTORY]
        ),
    }


def _risk_coverage(one: Declared, row: AIModel | None) -> dict[str, Any]:
    """How right the surest cases were, on cases the version had not seen; no curve, with the reason, where it
    carries none."""
    if one.coverage is None:
        return {"curve": [], "reason": _("This model speaks of every case; it leaves none out.")}
    if row is None:
        return {"curve": [], "reason": _("No version has been trained yet.")}
    try:
        data = None if row.artefact is None else bytes(row.artefact)
        return {
            "curve": one.coverage(artefact.decode(one.kind, data, row.artefact_sha256)),
            "reason": "",
        }
    except artefact.ArtefactError as error:
        return {"curve": [], "reason": str(error)}


def _card(one: Declared, row: AIModel | None, last: Evaluation | None, stands: Standing) -> dict[str, Any]:
    spec = one.spec
    return {
        "id": row.pk if row else None,
        "name": spec.name,
        "type": spec.model_type.value,
        "layer": one.layer,
        "estimator": spec.estimator,
        "target": spec.target,
        "features": list(spec.features),
        "horizon_days": spec.horizon_days,
        "train_days": spec.train_days,
        "refit_days": spec.refit_days,
        "embargo_days": spec.embargo_days,
        "metric": spec.metric,
        "rival": spec.rival,
        "hyperparameters": {
            **one.hyperparameters,
            **(row.configuration.get("hyperparameters", {}) if row else {}),
        },
        "state": stands.state.value,
        "held": stands.held,
        "withheld": stands.withheld,
        "reason": stands.reason,
        "version": row.version if row else None,
        "status": row.status if row else None,
        "fitted_as_of": row.fitted_as_of if row else None,
        "expires_at": row.expires_at if row else None,
        "last_trained": row.last_trained if row else None,
        "training_data_range": row.training_data_range if row else {},
        "training_seconds": row.training_seconds if row else None,
        "artefact": {
            "format": row.framework if row else None,
            "sha256": row.artefact_sha256 if row else None,
            "frameworks": row.framework_versions if row else {},
        },
        "health": row.health_status if row else {},
        "performance_metrics": row.performance_metrics if row else {},
        "evaluation": None
        if last is None
        else {
            "window_start": last.window_start,
            "window_end": last.window_end,
            "figures": last.metrics,
            "verdict": last.verdict,
            "evaluated_at": last.created_at,
        },
    }


def text(document: dict[str, Any]) -> str:
    """A card as Markdown, for a file or a terminal."""
    lines = [f"# {document['name']}", "", f"{document['estimator']}: {document['target']}.", ""]
    for name in (
        "version",
        "state",
        "reason",
        "fitted_as_of",
        "expires_at",
        "horizon_days",
        "train_days",
        "refit_days",
        "metric",
        "rival",
    ):
        if document[name] not in (None, ""):
            lines.append(f"- {name.replace('_', ' ')}: {document[name]}")
    lines += [
        f"- features: {', '.join(document['features'])}",
        f"- SHA-256: {document['artefact']['sha256']}",
    ]
    judged = document["evaluation"]
    if judged is not None:
        lines += [
            "",
            f"## Unseen bars {judged['window_start']:%Y-%m-%d} to {judged['window_end']:%Y-%m-%d}",
            "",
        ]
        lines += ["| figure | value | 95 % | rival | grade |", "| --- | --- | --- | --- | --- |"]
        for name, figure in judged["figures"].items():
            lines.append(
                f"| {name} | {_short(figure['value'])} | {_short(figure['low'])} to {_short(figure['high'])} "
                f"| {_short(figure['rival'])} | {figure['grade'].replace('_', ' ')} |"
            )
    lines += _curve(document["risk_coverage"]["curve"])
    return "\n".join(lines) + "\n"


def _curve(rows: list[dict[str, Any]]) -> list[str]:
    """The risk-coverage curve as a table; nothing where there is none."""
    if not rows:
        return []
    names = list(rows[0])
    table = ["", "## Of the surest cases", "", f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    return table + [f"| {' | '.join(_short(row[name]) for name in names)} |" for row in rows]


def _short(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
