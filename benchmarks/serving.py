"""The hot reads of the API beside FastAPI with asyncpg that serves the same bytes, in turns, on this machine;
the other reads beside a bare Django view.

Of the hot reads both check the token. The rival finds token and finished JSON in one query and builds
nothing, which is better than any real one; the product serves what it kept. The bare view checks nobody
and has its bytes in memory. Two worker processes each.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks.figures import Figure, Scale
from benchmarks.load import ask
from benchmarks.servers import fresh_database

if TYPE_CHECKING:
    from tests.world import World  # needs Django to be set up

HOT = {
    "regime": "/api/v1/layer1/market-regime",
    "sectors": "/api/v1/layer2/sectors",
    "signals": "/api/v1/layer4/signals",
    "layer overview": "/api/v1/ui/layer-overview",
    "dashboard": "/api/v1/ui/dashboard",
}
# The rest of the contract's reads: who asks, and where.
OTHER = {
    "sentiment": ("casual", "/api/v1/layer1/sentiment"),
    "dominance": ("casual", "/api/v1/layer1/dominance"),
    "regime history": ("casual", "/api/v1/layer1/history"),
    "regime forecast": ("casual", "/api/v1/layer1/regime-forecast"),
    "sector": ("casual", "/api/v1/layer2/sectors/{sector}"),
    "rotation": ("casual", "/api/v1/layer2/rotation"),
    "sector history": ("casual", "/api/v1/layer2/sectors/{sector}/history"),
    "sectors compared": ("casual", "/api/v1/layer2/compare?sectors={sector},{other}"),
    "watchlists": ("casual", "/api/v1/layer3/watchlists"),
    "watchlist": ("casual", "/api/v1/layer3/watchlists/{tier}"),
    "suggestions": ("casual", "/api/v1/layer3/suggestions"),
    "coin's analysis": ("casual", "/api/v1/layer3/assets/{asset}/analysis"),
    "signal": ("casual", "/api/v1/layer4/signals/{signal}"),
    "executions": ("casual", "/api/v1/layer4/executions"),
    "performance": ("casual", "/api/v1/layer4/performance"),
    "predictions": ("casual", "/api/v1/predictions"),
    "predictions' analytics": ("casual", "/api/v1/predictions/analytics"),
    "system health": ("admin", "/api/v1/admin/system-health"),
    "models": ("admin", "/api/v1/admin/ai-models"),
    "activities": ("admin", "/api/v1/admin/user-activities"),
    "queue": ("admin", "/api/v1/admin/suggestions/queue"),
    "settings": ("admin", "/api/v1/admin/config"),
    "notifications": ("casual", "/api/v1/ui/notifications"),
    "quick stats": ("casual", "/api/v1/ui/mobile/quick-stats"),
    "signal cards": ("casual", "/api/v1/ui/mobile/signal-cards"),
    "layer cards": ("casual", "/api/v1/ui/mobile/layer-cards"),
}
# What users need around it.
AROUND = {
    "assets": ("casual", "/api/v1/assets"),
    "asset": ("casual", "/api/v1/assets/{asset}"),
    "candles": ("casual", "/api/v1/assets/{asset}/candles"),
    "relative rotation": ("casual", "/api/v1/layer2/relative-rotation"),
    "model cards": ("casual", "/api/v1/models"),
    "evaluations": ("casual", "/api/v1/evaluations"),
    "promotions": ("casual", "/api/v1/promotions"),
    "risk and coverage": ("casual", "/api/v1/layer4/risk-coverage"),
    "signals' performance": ("casual", "/api/v1/layer4/performance/signals"),
    "portfolio": ("casual", "/api/v1/portfolio"),
    "portfolio's history": ("casual", "/api/v1/portfolio/history"),
    "risk profile": ("casual", "/api/v1/risk-profile"),
    "keys": ("casual", "/api/v1/account/tokens"),
    "profile": ("casual", "/api/v1/account/profile"),
    "backtests": ("professional", "/api/v1/backtests"),
    "decisions' worth": ("admin", "/api/v1/admin/suggestions/worth"),
    "audit": ("admin", "/api/v1/admin/audit"),
    "users": ("admin", "/api/v1/admin/users"),
    "runs": ("admin", "/api/v1/admin/pipeline-runs"),
    "trainings": ("admin", "/api/v1/admin/training-jobs"),
    "schema": ("guest", "/api/v1/schema"),
}
WORKERS = 2


def run(scale: Scale) -> list[Figure]:
    """Requests a second of each hot read as a multiple of the rival's, and the 99th percentiles' ratio."""
    from tests.world import build

    with fresh_database():
        world = build()
        token = world.tokens["casual"]
        client = Client(headers={"Authorization": f"Token {token}"})
        bodies = {path: client.get(path).content for path in HOT.values()}
        _store(bodies)
        others = _reads(world)
        with _product() as ours, _rival() as theirs:
            figures = []
            for name, path in HOT.items():
                figures += _beside(name, path, token, (ours, theirs), scale)
        return figures + _others(world, others, scale)


Read = tuple[str, str, str, bytes]  # name, role, address, answer


def _reads(world: World) -> list[Read]:
    """The other reads with what they answer. Raises RuntimeError where that is not 200."""
    names = {"sector": world.sectors[0].pk, "other": world.sectors[1].pk, "asset": world.asset.pk}
    names |= {"tier": world.tier.pk, "signal": world.signal.pk}
    found = []
    for name, (role, path) in (OTHER | AROUND).items():
        address = path.format(**names)
        answer = Client(headers={"Authorization": f"Token {world.tokens[role]}"}).get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        found.append((name, role, address, answer.content))
    return found


def _others(world: World, reads: list[Read], scale: Scale) -> list[Figure]:
    """Each other read as a multiple of a bare Django view that returns the same bytes."""
    bodies = {address.partition("?")[0]: body.decode() for _name, _role, address, body in reads}
    figures, seconds = [], scale.seconds / 4
    with _product() as ours, _bare(bodies) as theirs:
        for name, role, path, _body in reads:
            token = world.tokens[role]
            ask(ours, path, token, seconds=seconds / 4)
            found = [
                (ask(ours, path, token, seconds=seconds), ask(theirs, path, token, seconds=seconds))
                for _ in range(scale.rounds)
            ]
            rate = median(mine.rate / rival.rate for mine, rival in found)
            figures.append(Figure(f"{name}: requests against a bare Django view", rate, "times", 1 / 3))
    return figures


def _beside(name: str, path: str, token: str, ports: tuple[int, int], scale: Scale) -> list[Figure]:
    ours, theirs = ports
    for port in ports:
        ask(port, path, token, seconds=0.3)
    found = [
        (ask(ours, path, token, seconds=scale.seconds), ask(theirs, path, token, seconds=scale.seconds))
        for _ in range(scale.rounds)
    ]
    rate = median(mine.rate / rival.rate for mine, rival in found)
    p99 = median(mine.p99 / rival.p99 for mine, rival in found)
    return [
        Figure(f"{name}: requests", median(mine.rate for mine, _rival in found), "a second"),
        Figure(f"{name}: requests against FastAPI and asyncpg", rate, "times", 1.5),
        Figure(f"{name}: 99th percentile against FastAPI and asyncpg", p99, "times", 1.0, at_most=True),
    ]


def _store(bodies: dict[str, bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE rival (path text PRIMARY KEY, body bytea NOT NULL)")
        cursor.executemany("INSERT INTO rival VALUES (%s, %s)", list(bodies.items()))


@contextmanager
def _product() -> Iterator[int]:
    with _wsgi("cryptopredict.wsgi:application", {"DATABASE_URL": _url(), "API_RATES": "none=1"}) as port:
        yield port


@contextmanager
def _bare(bodies: dict[str, str]) -> Iterator[int]:
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(bodies, file)
        file.flush()
        with _wsgi("benchmarks.rival_django:application", {"RIVAL_BODIES": file.name}) as port:
            yield port


@contextmanager
def _wsgi(application: str, environment: dict[str, str]) -> Iterator[int]:
    port = _free_port()
    command = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(WORKERS), "--blocking-threads", "2", "--log-level", "error", application]
    with _server(command, environment, port):
        yield port


@contextmanager
def _rival() -> Iterator[int]:
    port = _free_port()
    command = ["-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS)]
    command += ["--log-level", "error", "benchmarks.rival_api:app"]
    with _server(command, {"RIVAL_DATABASE": _url()}, port):
        yield port


def _url() -> str:
    """The copy's address as a libpq URL."""
    found = connection.settings_dict
    return f"postgresql://{found['USER']}@/{found['NAME']}?host={found['OPTIONS']['host']}"


@contextmanager
def _server(command: list[str], environment: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, *command], env=os.environ | environment, cwd=settings.BASE_DIR
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{' '.join(command[:3])} did not start")
        time.sleep(1.0)  # all of its workers
        yield
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
