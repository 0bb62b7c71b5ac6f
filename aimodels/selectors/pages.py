"""What the pages of models show: cards in people's words, and the figures behind their charts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aimodels import words
from aimodels.engine.drift import SHIFTED
from aimodels.models import JobStatus, Promotion, PromotionVerdict, TrainingJob
from aimodels.selectors.cards import card, cards
from aimodels.selectors.catalogue import declared
from aimodels.selectors.records import decisions
from assets.engine.timeframe import Timeframe

OPEN = (JobStatus.PENDING, JobStatus.RUNNING)
LOG_LINES = 12
DRIFTED = 12
HISTORY = 8


def overview(now: datetime, timeframe: Timeframe = Timeframe.DAY) -> dict[str, Any]:
    """Every declared model by layer with its leading figure, and the trainings that wait or run."""
    running = {
        job.name: job for job in TrainingJob.objects.filter(timeframe=timeframe, status__in=OPEN).defer("log")
    }
    last = _last_decisions(timeframe)
    rows = []
    for one in cards(timeframe, now):
        figures, source = _judged(one, last.get(one["name"]))
        rows.append({**_named(one), "job": running.get(one["name"]), "leading": _leading(figures), **source})
    layers = [
        {"name": words.layer_name(layer), "rows": [row for row in rows if row["layer"] == layer]}
        for layer in dict.fromkeys(row["layer"] for row in rows)
    ]
    states = [row["state"] for row in rows]
    return {
        "layers": layers,
        "count": len(rows),
        "proven": states.count("proven"),
        "running": list(running.values()),
    }


def detail(name: str, now: datetime, timeframe: Timeframe = Timeframe.DAY) -> dict[str, Any]:
    """One model's card with figures, drift, decisions and trainings; raises Unknown."""
    one = card(name, timeframe, now)
    history = list(decisions(name).filter(timeframe=timeframe).select_related("decided_by")[:HISTORY])
    figures, source = _judged(one, next((row for row in history if row.figures), None))
    newest = TrainingJob.objects.filter(name=name, timeframe=timeframe).order_by("-created_at", "-pk").first()
    usable = [row for row in one["versions"] if row["status"] != "error" and not row["is_active"]]
    return {
        "card": _named(one),
        "figures": figures,
        **source,
        "drift": _drift(one["health"], declared(name).feature_word),
        "decisions": [_decision(row) for row in history],
        "job": newest,
        "job_open": newest is not None and newest.status in OPEN,
        "log": newest.log.splitlines()[-LOG_LINES:] if newest else [],
        "earlier": usable[:HISTORY],
    }


def _last_decisions(timeframe: Timeframe) -> dict[str, Promotion]:
    """The newest judged decision of each model; one query."""
    rows = Promotion.objects.filter(timeframe=timeframe).exclude(figures={})
    return {row.name: row for row in rows.order_by("name", "-created_at", "-pk").distinct("name")}


def _named(one: dict[str, Any]) -> dict[str, Any]:
    state = one["state"]
    if state == "unproven" and not one["performance_metrics"].get("verdict"):
        state = "unjudged"
    return {
        **one,
        **{part: words.declared(one[part]) for part in ("estimator", "target", "rival", "metric")},
        "title": words.model_name(one["name"]),
        "layer_title": words.layer_name(one["layer"]),
        "state_title": str(words.STATES.get(state, state)),
        "tone": words.STATE_TONES.get(state, ""),
    }


def _judged(one: dict[str, Any], decision: Promotion | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The figures of the last judgement on unseen bars, else those the last decision rested on."""
    judged = one["evaluation"]
    if judged is not None:
        span = {"window_start": judged["window_start"], "window_end": judged["window_end"]}
        return _figures(judged["figures"]), {**span, "judged_at": judged["evaluated_at"]}
    if decision is not None:
        documents = decision.figures.get("challenger", {}).get("walk_forward", {})
        span = {"window_start": None, "window_end": decision.window_end}
        return _figures(documents), {**span, "judged_at": decision.created_at}
    return [], {"window_start": None, "window_end": None, "judged_at": None}


def _figures(documents: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **figure,
            "name": name,
            "title": words.figure_name(name),
            "note": words.declared(figure.get("note", "")),
            "grade_title": str(words.GRADES.get(figure["grade"], figure["grade"])),
            "tone": words.GRADE_TONES.get(figure["grade"], ""),
        }
        for name, figure in documents.items()
    ]


def _leading(figures: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What a line shows: the first figure of skill, a week ahead if there is one; else the first of all."""
    skill = [figure for figure in figures if figure["role"] in ("skill", "coverage")]
    week = [figure for figure in skill if figure["name"].endswith("_7d")]
    return next(iter(week or skill or figures), None)


def _drift(health: dict[str, Any], word: Callable[[str], str]) -> dict[str, Any] | None:
    """How far the world has moved since training, features by their `word`; None where nobody has looked."""
    if "drift_reading" not in health:
        return None
    known = [(name, index) for name, index in health.get("drift", {}).items() if index is not None]
    known.sort(key=lambda one: -one[1])
    calibration = [
        {"title": words.figure_name(name), **told} for name, told in health["calibration_drift"].items()
    ]
    return {
        "reading": str(words.DRIFT.get(health["drift_reading"], health["drift_reading"])),
        "tone": {"stable": "up", "watch": "warn", "shifted": "bad"}.get(health["drift_reading"], ""),
        "features": [
            {"name": word(name), "index": index, "moved": index >= SHIFTED} for name, index in known[:DRIFTED]
        ],
        "left_out": max(0, len(known) - DRIFTED),
        "unlike": health.get("unlike_training"),
        "calibration": calibration,
        "faults": health.get("faults", []),
        "checked_at": datetime.fromisoformat(health["checked_at"]),
    }


def _decision(row: Promotion) -> dict[str, Any]:
    tone = {
        PromotionVerdict.PROMOTED: "up",
        PromotionVerdict.REFUSED: "bad",
        PromotionVerdict.ROLLED_BACK: "warn",
        PromotionVerdict.UNPROVEN: "warn",
    }
    checks = [check for check in row.checks if "figure" in check]
    against = [words.check_words(check) for check in checks if not check["passed"]]
    return {
        "row": row,
        "reasons": against or [words.decision_words(reason) for reason in row.reasons],
        "tone": tone.get(PromotionVerdict(row.verdict), ""),
        "checks": [
            {
                **check,
                "title": words.figure_name(check["figure"]),
                "against": words.declared(check["against"]),
                "window": words.declared(check["window"]),
            }
            for check in checks
        ],
    }
