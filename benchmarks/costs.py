"""What a piece of work costs: seconds, processor time of both ends of the connection, memory."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import psutil
from django.db import connection

_PAUSE = 0.02  # seconds between two looks at the memory


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock, and seconds of processor: ours and that of the database's process."""

    seconds: float
    cpu: float


def cost(work: Callable[[], object]) -> Cost:
    """Do it once."""
    connection.ensure_connection()
    backend = psutil.Process(connection.connection.info.backend_pid)

    def spent() -> float:
        theirs = backend.cpu_times()
        return time.process_time() + theirs.user + theirs.system

    cpu, begun = spent(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - begun, spent() - cpu)


def interleaved(ways: Mapping[str, Callable[[int], object]], rounds: int) -> dict[str, Cost]:
    """The median cost of each way; in turns, so that a busy machine is busy for all of them.

    A way is called with the number of the round.
    """
    taken: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            taken[name].append(cost(lambda way=way, number=number: way(number)))  # type: ignore[misc]
    return {name: middle(costs) for name, costs in taken.items()}


def middle(costs: list[Cost]) -> Cost:
    """Median seconds and median processor time."""
    return Cost(statistics.median(one.seconds for one in costs), statistics.median(one.cpu for one in costs))


class Peak:
    """The most memory (MB) this process held, looked at every 20 ms; `take` reads it and begins anew."""

    def __enter__(self) -> Self:
        self._process, self._most = psutil.Process(), 0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def take(self) -> float:
        """Megabytes since the last call."""
        most = max(self._most, self._process.memory_info().rss)
        self._most = 0
        return most / 1e6

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(_PAUSE):
            self._most = max(self._most, self._process.memory_info().rss)
