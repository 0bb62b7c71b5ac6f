"""A load generator for one machine: keep-alive connections that ask, wait, and ask again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: requests a second, and the 99th percentile of their times in milliseconds."""

    rate: float
    p99: float


def ask(port: int, path: str, token: str, *, connections: int = 32, seconds: float = 3.0) -> Load:
    """Ask one address for so long. Raises RuntimeError at an answer that is not 200."""
    return asyncio.run(_ask(port, path, token, connections, seconds))


async def _ask(port: int, path: str, token: str, connections: int, seconds: float) -> Load:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Token {token}\r\n"
        "Accept: application/json\r\n\r\n"
    ).encode()
    times: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(*(_client(port, request, begun + seconds, times) for _ in range(connections)))
    return Load(len(times) / (time.perf_counter() - begun), 1e3 * float(np.percentile(times, 99)))


async def _client(port: int, request: bytes, until: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:  # once at least, however busy the machine
        asked = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"answered {head.splitlines()[0].decode()}")
        await reader.readexactly(_length(head))
        times.append(time.perf_counter() - asked)
        if time.perf_counter() >= until:
            break
    writer.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    return int(lower[start : lower.index(b"\r\n", start)])
