"""The hot reads of the API beside FastAPI with asyncpg that serves the same bytes, in turns, on this machine.

Both check the token. The rival finds token and finished JSON in one query and builds nothing, which is
better than any real one; the product serves what it kept. Two worker processes each.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks.figures import Figure, Scale
from benchmarks.load import ask
from benchmarks.servers import fresh_database

HOT = {
    "regime": "/api/v1/layer1/market-regime",
    "sectors": "/api/v1/layer2/sectors",
    "signals": "/api/v1/layer4/signals",
    "layer overview": "/api/v1/ui/layer-overview",
    "dashboard": "/api/v1/ui/dashboard",
}
OTHER = {
    "sector history": "/api/v1/layer2/sectors/{sector}/history",
    "candles": "/api/v1/assets/{asset}/candles",
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
        with _product() as ours, _rival() as theirs:
            figures = []
            for name, path in HOT.items():
                figures += _beside(name, path, token, (ours, theirs), scale)
            names = {"sector": world.sectors[0].pk, "asset": world.asset.pk}
            for name, path in OTHER.items():
                load = ask(ours, path.format(**names), token, seconds=scale.seconds)
                figures.append(Figure(f"{name}: requests", load.rate, "a second"))
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
    port = _free_port()
    command = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(WORKERS), "--blocking-threads", "2", "--log-level", "error"]
    command.append("cryptopredict.wsgi:application")
    with _server(command, {"DATABASE_URL": _url(), "API_RATES": "none=1"}, port):
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
