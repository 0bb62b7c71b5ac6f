"""How the whole system is: each layer's last word, the models, the database, the runs; kept once a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import redis
from celery import shared_task
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from aimodels.models import AIModel, ModelStatus
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import Topic, publish
from cryptopredict.common.realtime import connection as redis_connection
from cryptopredict.models import PipelineRun, RunStatus, SystemHealth
from macro import selectors as macro
from sectors import selectors as sectors
from selection import selectors as selection
from trading import selectors as trading

KEPT_FOR = timedelta(days=30)
# What a part that is not well takes off the score of 100.
WEIGHTS = {"unknown": 15.0, "stale": 8.0, "error": 10.0, "failed": 20.0, "away": 30.0}


@dataclass(slots=True)
class Health:
    """One check; `score` in [0, 100] is 100 less what each part that is not well takes off."""

    checked_at: datetime
    api_status: dict[str, Any] = field(default_factory=dict)
    models: dict[str, Any] = field(default_factory=dict)
    database: dict[str, Any] = field(default_factory=dict)
    pipeline: dict[str, Any] = field(default_factory=dict)
    redis: dict[str, Any] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        worst = [part["status"] for part in (*self.api_status.values(), self.pipeline, self.redis)]
        failing = WEIGHTS["error"] * min(3, self.models.get("error_models", 0))
        return max(0.0, 100.0 - failing - sum(WEIGHTS.get(state, 0.0) for state in worst))

    def document(self) -> dict[str, Any]:
        """As the API and the stream tell it."""
        return {
            "overall_health_score": self.score,
            "api_status": self.api_status,
            "ml_models_status": self.models,
            "database_performance": self.database,
            "pipeline_status": self.pipeline,
            "redis_status": self.redis,
            "reasons": self.reasons,
            "last_updated": self.checked_at,
        }


def inspect(now: datetime, timeframe: Timeframe = Timeframe.DAY) -> Health:
    """Look at every part; a constant number of queries. Changes nothing."""
    health = Health(checked_at=now)
    for name, as_of in _last_words(timeframe).items():
        reason = _("It has not said anything yet; run the pipeline.") if as_of is None else ""
        reason = reason or assets.stale_reason(timeframe, as_of, now) if as_of else reason
        status = "unknown" if as_of is None else "stale" if reason else "online"
        health.api_status[name] = {"status": status, "as_of": as_of, "reason": reason}
        if reason:
            health.reasons.append(f"{name}: {reason}")
    health.models = _models()
    health.database = _database()
    health.pipeline = _pipeline(timeframe)
    health.redis = _redis()
    health.reasons += [part["reason"] for part in (health.pipeline, health.redis) if part["reason"]]
    return health


@transaction.atomic
def record(now: datetime) -> SystemHealth:
    """Keep a check for the history, let go of those older than a month, and tell who watches."""
    health = inspect(now)
    row = SystemHealth.objects.create(
        check_time=now,
        api_status=_plain(health.api_status),
        database_status=health.database,
        ml_models_status=health.models,
        data_pipeline_status=_plain({"pipeline": health.pipeline}),
        overall_health_score=health.score,
        performance_metrics={"redis": health.redis},
        error_logs=health.reasons,
    )
    SystemHealth.objects.filter(check_time__lt=now - KEPT_FOR).delete()
    publish(Topic.SYSTEM, health.document())
    return row


@shared_task
def check_health() -> float:
    """Beat's door; returns the score."""
    return float(record(timezone.now()).overall_health_score or 0.0)


def _last_words(timeframe: Timeframe) -> dict[str, datetime | None]:
    regime = macro.latest_regime(timeframe=timeframe)
    rotation = sectors.latest_rotation(timeframe=timeframe)
    return {
        "layer1": regime.as_of if regime else None,
        "layer2": rotation.as_of if rotation else None,
        "layer3": selection.freshness(timeframe=timeframe).as_of,
        "layer4": trading.freshness(timezone.now(), timeframe).as_of,
    }


def _models() -> dict[str, Any]:
    counted = AIModel.objects.aggregate(
        active_models=Count("pk", filter=Q(status=ModelStatus.ACTIVE)),
        training_models=Count("pk", filter=Q(status=ModelStatus.TRAINING)),
        error_models=Count("pk", filter=Q(status=ModelStatus.ERROR)),
    )
    return dict(counted)


def _database() -> dict[str, Any]:
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_database_size(current_database()), "
            "(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()), "
            "blks_hit, blks_read FROM pg_stat_database WHERE datname = current_database()"
        )
        size, connections, hit, read = cursor.fetchone()
    return {
        "status": "online",
        "response_ms": round(1000.0 * (time.perf_counter() - begun), 2),
        "size_bytes": size,
        "connections": connections,
        "cache_hit_rate": round(hit / (hit + read), 4) if hit + read else None,
    }


def _pipeline(timeframe: Timeframe) -> dict[str, Any]:
    run = PipelineRun.objects.filter(timeframe=timeframe).order_by("-started_at").first()
    if run is None:
        return {"status": "unknown", "reason": _("The pipeline has not run yet.")}
    reason = _("The last run failed: %s") % run.error.splitlines()[0] if run.error else ""
    return {
        "status": "failed" if run.status == RunStatus.FAILED else "online",
        "last_run": run.pk,
        "as_of": run.as_of,
        "started_at": run.started_at,
        "seconds": run.seconds,
        "rows": run.rows,
        "rows_per_second": rate(run),
        "reason": reason,
    }


def rate(run: PipelineRun) -> float | None:
    """Rows a second that a run wrote; None where it wrote none or has not ended."""
    return round(run.rows / run.seconds, 2) if run.seconds and run.rows else None


def _redis() -> dict[str, Any]:
    begun = time.perf_counter()
    try:
        redis_connection().ping()
    except redis.RedisError:
        return {"status": "away", "response_ms": None, "reason": _("Redis does not answer: no streams.")}
    return {
        "status": "online",
        "response_ms": round(1000.0 * (time.perf_counter() - begun), 2),
        "reason": "",
    }


def _plain(value: Any) -> Any:
    """Moments as text, for a JSON column."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
