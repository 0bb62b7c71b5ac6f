"""Open sockets: what waits for each, and how it leaves.

A client has a bounded queue. Who does not read what we send is let go with a reason: a reader that is minutes
behind would be shown the past as if it were now, and its backlog is memory that others need.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from autobahn.websocket.protocol import PreparedMessage
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.tcp import Connection

QUEUE = 256  # messages a client may be behind
Send = Callable[[str], Awaitable[None]]
Drop = Callable[[], Awaitable[None]]


class Message:
    """A text and its WebSocket frame, encoded once for all who get it."""

    __slots__ = ("frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        frame = PreparedMessage(text.encode(), isBinary=False, applyMask=False, doNotCompress=True)
        self.frame: bytes = frame.payloadHybi


class Client(Protocol):
    """One socket as the hub sees it."""

    too_slow: bool

    def put(self, message: Message) -> None:
        """Send or queue `message`; a client whose queue is full is dropped and gets nothing more."""

    async def close(self) -> None:
        """Stop handing over; called by the socket itself when it ends."""


class TaskClient:
    """A socket of any ASGI server: a task hands over what waits, as fast as the server takes it."""

    def __init__(self, send: Send, drop: Drop) -> None:
        self._send, self._drop = send, drop
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self.too_slow = False
        self._task = asyncio.create_task(self._run())

    def put(self, message: Message) -> None:
        if self.too_slow:
            return
        if len(self._waiting) >= QUEUE:
            self.too_slow = True
            self._waiting.clear()
            self._task.cancel()
            self._task = asyncio.create_task(_let_go(self._drop))
            return
        self._waiting.append(message.text)
        self._wake.set()

    async def close(self) -> None:
        if self._task is not asyncio.current_task():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._task

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._send(self._waiting.popleft())


class DaphneClient:
    """A socket of Daphne, whose transport takes the finished frame.

    Daphne's own `send` takes whatever it is given and piles it up; it cannot say that a reader is slow. Its
    transport can: as the transport's producer we are told to pause and to go on.
    """

    def __init__(self, protocol: WebSocketProtocol, drop: Drop) -> None:
        self._protocol, self._drop = protocol, drop
        self._waiting: deque[bytes] = deque()
        self._paused = False
        self._dropping: asyncio.Task[None] | None = None
        self.too_slow = False
        protocol.unregisterProducer()  # the HTTP request that the socket began as
        protocol.transport.bufferSize = 0  # paused as soon as anything waits there: nothing overtakes it
        protocol.registerProducer(self, True)

    def put(self, message: Message) -> None:
        if self.too_slow:
            return
        if not self._paused:
            self._write(message.frame)
        elif len(self._waiting) < QUEUE:
            self._waiting.append(message.frame)
        else:
            self.too_slow = True
            self._waiting.clear()
            self._dropping = asyncio.create_task(_let_go(self._drop))

    async def close(self) -> None:
        self._waiting.clear()
        self.too_slow = True

    def _write(self, frame: bytes) -> None:
        """Send at once what the kernel takes; the rest, and its two calls to epoll, is Twisted's."""
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            return
        sent = protocol.transport.writeSomeData(frame)
        if not isinstance(sent, int):  # the connection is lost: let Twisted find out, and end it in its way
            sent = 0
        if sent < len(frame):
            protocol.transport.write(frame[sent:])

    # What Twisted calls

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        while self._waiting and not self._paused:
            self._write(self._waiting.popleft())

    def stopProducing(self) -> None:
        self._waiting.clear()


def client_of(server: Any, send: Send, drop: Drop) -> Client:
    """The client for a socket; `server` is the `send` that the ASGI server gave for it."""
    if isinstance(server, partial) and server.args and isinstance(server.args[0], WebSocketProtocol):
        transport = server.args[0].transport
        # What goes past Twisted's buffer goes past its encryption too: only a bare connection may.
        if isinstance(transport, Connection) and not transport.TLS:
            return DaphneClient(server.args[0], drop)
    return TaskClient(send, drop)


async def _let_go(drop: Drop) -> None:
    with contextlib.suppress(Exception):
        await drop()
