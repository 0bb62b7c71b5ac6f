"""The streams beside a plain `websockets` server: a thousand clients on loopback, every message to all.

The product's clients come in through Daphne with a token; the plain server lets anyone in and broadcasts
what one Redis subscription brings. The same clients, the same messages, in turns.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import psutil
import websockets
from django.conf import settings
from django.db import connection

from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database
from benchmarks.serving import _free_port, _server, _url
from cryptopredict.common.realtime import Topic, publish

PAUSE = 0.05  # seconds between two messages
FILL = "x" * 350  # makes a message about 500 bytes
GRACE = 30.0  # seconds for what is on its way


def run(scale: Scale) -> list[Figure]:
    """Shares delivered, 99th percentiles and their ratio; Daphne's processor time a delivered message."""
    clients, messages = scale.clients, scale.messages
    with fresh_database():
        from accounts.services import create_user, token_issue

        user = create_user(email="bench@example.org", role="casual")
        _token, text = token_issue(user=user, name="bench")
        with _daphne() as (port, process):
            path = f"/api/v1/ws/signals/{user.pk}"
            header = {"Authorization": f"Token {text}"}
            ours, took, busy = asyncio.run(
                _listen(port, path, header, (clients, messages), lambda: _busy(process))
            )
        with _plain() as port:
            theirs, _took, _none = asyncio.run(_listen(port, "/", {}, (clients, messages), lambda: 0.0))
    whole = clients * messages
    p99 = [1e3 * float(np.percentile(times, 99)) for times in (ours, theirs)]
    return [
        Figure(f"messages delivered to {clients} clients", len(ours) / whole, "of all", 1.0),
        Figure("the same by plain websockets", len(theirs) / whole, "of all"),
        Figure("delivered messages", len(ours) / took, "a second"),
        Figure("99th percentile", p99[0], "ms"),
        Figure("99th percentile of plain websockets", p99[1], "ms"),
        Figure("99th percentile against plain websockets", p99[0] / p99[1], "times", 2.0, at_most=True),
        Figure("Daphne's processor time", 1e6 * busy / max(1, len(ours)), "µs a message"),
    ]


async def _listen(
    port: int, path: str, headers: dict[str, str], load: tuple[int, int], busy: Callable[[], float]
) -> tuple[list[float], float, float]:
    """Seconds from announcement to arrival of each message at each client, how long all took, and how long
    the server was `busy` with it once everyone was there. `load`: clients, and messages to each."""
    clients, messages = load
    times: list[float] = []
    doors = asyncio.Semaphore(50)
    ready, done = asyncio.Event(), asyncio.Event()
    there = 0

    async def client() -> None:
        nonlocal there
        async with doors:
            socket = await websockets.connect(
                f"ws://127.0.0.1:{port}{path}", additional_headers=headers, open_timeout=60, compression=None
            )
        there += 1
        if there == clients:
            ready.set()
        heard = 0
        async for text in socket:
            data = json.loads(text)["data"]
            if "sent" in data:
                times.append(time.time() - data["sent"])
                heard += 1
            if heard == messages:
                break
        await socket.close()

    tasks = [asyncio.create_task(client()) for _ in range(clients)]
    await asyncio.wait_for(ready.wait(), 120)
    begun, before = time.perf_counter(), busy()
    await asyncio.to_thread(_announce, messages)
    _finished, waiting = await asyncio.wait(tasks, timeout=GRACE)
    took, worked = time.perf_counter() - begun, busy() - before
    for task in waiting:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    done.set()
    return times, took, worked


def _announce(messages: int) -> None:
    for number in range(messages):
        publish(Topic.SIGNAL, {"number": number, "sent": time.time(), "fill": FILL})
        time.sleep(PAUSE)
    connection.close()  # this thread's own


def _busy(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


@contextmanager
def _daphne() -> Iterator[tuple[int, psutil.Process]]:
    port = _free_port()
    command = [
        "-m",
        "daphne",
        "-b",
        "127.0.0.1",
        "-p",
        str(port),
        "-v",
        "0",
        "cryptopredict.asgi:application",
    ]
    with _server(command, {"DATABASE_URL": _url()}, port):
        mine = psutil.Process().children()
        (process,) = [one for one in mine if "daphne" in one.cmdline()]
        yield port, process


@contextmanager
def _plain() -> Iterator[int]:
    port = _free_port()
    with _server(["-m", "benchmarks.rival_streams", str(port)], {"RIVAL_REDIS": settings.REDIS_URL}, port):
        yield port
