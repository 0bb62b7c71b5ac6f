"""Keeps the product's processes running: starts them in order, again when one dies, stops them in order."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import psutil

from cryptopredict.embedded import StartError
from cryptopredict.embedded.processes import Identity
from cryptopredict.supervisor.children import Child

SLOWEST_RETRY = 30.0  # seconds between two starts of a process that keeps dying
HEALTHY_AFTER = 60.0  # seconds of running after which a death counts as the first one again


class Supervisor:
    """Runs children until told to stop.

    `say` prints a line for the person at the terminal; `record` learns of every process started, so that a
    later run can clean up should this one be killed; `repair` looks after the embedded servers, off the loop.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        logs: Path,
        say: Callable[[str], None],
        record: Callable[[dict[str, Identity]], None],
        repair: Callable[[], bool],
    ) -> None:
        self.children = children
        self.logs = logs
        self.say = say
        self.record = record
        self.repair = repair
        self.running: dict[str, Identity] = {}
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()
        self.ready = asyncio.Event()
        self.failure: str | None = None

    async def run(self, answers: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once `answers` holds, return after a signal and an orderly stop.

        Errors: StartError when a child dies or nothing answers before all were ready once.
        """
        self._take_signals()
        tasks: list[asyncio.Task[None]] = []
        halts: list[asyncio.Event] = []
        for child in self.children:
            halts.append(asyncio.Event())
            tasks.append(asyncio.create_task(self._keep(child, halts[-1]), name=child.name))
        watch = [asyncio.create_task(self._watch_answers(answers, on_ready))]
        watch.append(asyncio.create_task(self._watch_servers()))
        await self.stopping.wait()
        for task in watch:
            task.cancel()
        for halt, task in reversed(list(zip(halts, tasks, strict=True))):
            halt.set()
            await task
        if self.failure:
            raise StartError(self.failure)

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if not (sign == signal.SIGHUP and signal.getsignal(sign) == signal.SIG_IGN):  # nohup
                loop.add_signal_handler(sign, self._on_signal)

    def _on_signal(self) -> None:
        if self.stopping.is_set():
            self.hurry.set()
        else:
            self.say("Stopping (once more to hurry) ...")
            self.stopping.set()

    async def _keep(self, child: Child, halt: asyncio.Event) -> None:
        """One child's life: start, wait, start again after a pause that doubles while it keeps dying."""
        if child.late:
            await _first(self.ready.wait(), halt.wait())
        log = _log_of(child.name, self.logs)
        pause = 1.0
        while not halt.is_set():
            begun = time.monotonic()
            code = await self._run_once(child, halt, log)
            if halt.is_set() or self.stopping.is_set():
                break
            if not self.ready.is_set():
                self._fail(f"The {child.name} process ended at once (code {code}). {self._tail(child.name)}")
                break
            pause = 1.0 if time.monotonic() - begun > HEALTHY_AFTER else pause
            self.say(f"The {child.name} process ended (code {code}); starting it again in {pause:.0f} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(halt.wait(), pause)
            pause = min(pause * 2, SLOWEST_RETRY)
        for handler in log.handlers:
            handler.close()
        log.handlers.clear()

    async def _run_once(self, child: Child, halt: asyncio.Event, log: logging.Logger) -> int | None:
        if child.socket is not None:
            child.socket.unlink(missing_ok=True)
        # A pipe of our own: asyncio's would let `wait` wait for the children of a killed child, too.
        output, its_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                env={**os.environ, **child.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=its_end,
                stderr=its_end,
                start_new_session=True,  # Ctrl-C reaches only the supervisor, which stops them in order
            )
        finally:
            os.close(its_end)
        with suppress(psutil.NoSuchProcess):
            self.running[child.name] = Identity.of(process.pid)
            self.record(self.running)
        reader = asyncio.create_task(_copy(output, log))
        await _first(process.wait(), halt.wait())
        if process.returncode is None:
            await self._end(process, child.grace)
        # What the child started goes with it, and closes the pipe.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await reader
        self.running.pop(child.name, None)
        self.record(self.running)
        return process.returncode

    async def _end(self, process: asyncio.subprocess.Process, grace: float) -> None:
        """Ask the leader to end; after `grace`, or when hurried, kill the whole group."""
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await _first(process.wait(), self.hurry.wait(), timeout=grace)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def _watch_answers(self, answers: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        for _ in range(300):
            if await asyncio.to_thread(answers):
                on_ready()
                self.ready.set()
                return
            await asyncio.sleep(0.2)
        self._fail(f"Nothing answered within a minute. {self._tail('web')}")

    async def _watch_servers(self) -> None:
        """Look after PostgreSQL and Redis, which outlive their starter and so are nobody's children."""
        pause = 2.0
        while True:
            await asyncio.sleep(pause)
            try:
                if await asyncio.to_thread(self.repair):
                    self.say("PostgreSQL or Redis had died; started again.")
                pause = 2.0
            except StartError as error:
                pause = min(pause * 2, SLOWEST_RETRY)
                self.say(f"{error} Trying again in {pause:.0f} s.")

    def _fail(self, reason: str) -> None:
        self.failure = self.failure or reason
        self.stopping.set()

    def _tail(self, name: str) -> str:
        path = self.logs / f"{name}.log"
        lines = path.read_text(errors="replace").strip().splitlines()[-5:] if path.exists() else []
        return f"It said: {' / '.join(lines) or 'nothing'}. Its log: {path}"


async def _first(*waits: Coroutine[Any, Any, Any], timeout: float | None = None) -> None:
    """Return when one of the waits is over, or after `timeout` seconds; give up the others."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _copy(output: int, log: logging.Logger) -> None:
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(output, "rb", buffering=0)
    )
    while chunk := await stream.read(65536):
        log.info(chunk.decode(errors="replace"))
    transport.close()


def _log_of(name: str, folder: Path) -> logging.Logger:
    """A file of at most 10 MB and the one before it, written as the process wrote it."""
    log = logging.Logger(name)
    handler = RotatingFileHandler(
        folder / f"{name}.log", maxBytes=10_000_000, backupCount=1, encoding="utf-8"
    )
    handler.terminator = ""
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    return log
