"""PostgreSQL and Redis from PyPI wheels, for machines that have neither.

Without ``DATABASE_URL`` and ``REDIS_URL`` both run under VAR on unix sockets: the same servers as in
production, so there is one code path. Any number of processes may use them at once: each holds a lease (a
shared file lock, which the kernel takes back even from a killed process), and whoever gives back the last
one stops the servers.
"""

import fcntl
import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

from cryptopredict.embedded.folders import (
    Layout,
    StartError,
    give_to_owner,
    prepare,
    prepare_sockets,
    var_folder,
)

__all__ = ["Layout", "StartError", "for_command", "secret_key", "services", "stop_unused", "var_folder"]

Handler = Callable[[int, FrameType | None], None] | signal.Handlers

# Commands that ask no database, or (up, down) see to the servers themselves.
WITHOUT_SERVICES = {
    "check", "collectstatic", "compile_kernels", "compilemessages", "diffsettings", "down", "findstatic",
    "help", "makemessages", "spectacular", "startapp", "up", "version",
}  # fmt: skip


def secret_key(var: Path) -> str:
    """The key that signs sessions: made once, kept in VAR, readable for its owner only."""
    path = var / "secret_key"
    try:
        if not path.exists():
            prepare(Layout(var))
            with tempfile.NamedTemporaryFile("w", dir=var, prefix=".secret_key") as file:  # mode 0600
                file.write(secrets.token_urlsafe(64))
                file.flush()
                give_to_owner(Path(file.name), var)
                with suppress(FileExistsError):  # two at once: the first one's key holds
                    os.link(file.name, path)
        return path.read_text().strip()
    except OSError as error:
        raise StartError(
            f"The secret key {path} can't be used ({error.strerror}). "
            "Mend its permissions, or give one in the environment: SECRET_KEY=..."
        ) from None


@contextmanager
def services(layout: Layout, *, durable: bool = True) -> Iterator[None]:
    """Have PostgreSQL and Redis run for the length of the block; leave them as they were found.

    What the environment names (DATABASE_URL, REDIS_URL) is not started. Errors: StartError with a reason.
    """
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        yield
        return
    prepare(layout)
    with (layout.run / "users").open("a") as lease, _signals_unwind():
        give_to_owner(layout.run / "users", layout.var)
        try:
            with _mutex(layout):
                fcntl.flock(lease, fcntl.LOCK_SH)
                ensure(layout, durable=durable)
            yield
        finally:
            with _signals_wait():
                _give_back(layout, lease)


def ensure(layout: Layout, *, durable: bool = True) -> None:
    """Start whatever of the two does not run."""
    from cryptopredict.embedded import postgres, redis_server

    prepare_sockets(layout)
    if "DATABASE_URL" not in os.environ:
        postgres.ensure(layout, durable=durable)
    if "REDIS_URL" not in os.environ:
        redis_server.ensure(layout)


def repair(layout: Layout) -> bool:
    """Start again what has died since; tell whether anything had."""
    from cryptopredict.embedded import postgres, redis_server

    checks = {"DATABASE_URL": postgres.running, "REDIS_URL": redis_server.running}
    if all(name in os.environ or running(layout) for name, running in checks.items()):
        return False
    with _mutex(layout):
        ensure(layout)
    return True


def stop_unused(layout: Layout) -> None:
    """Stop servers that a killed process left behind; those in use stay."""
    if (layout.run / "users").exists():
        with (layout.run / "users").open("a") as lease:
            _give_back(layout, lease)


@contextmanager
def for_command(argv: Sequence[str]) -> Iterator[None]:
    """What `manage.py` wraps around a command: the servers, where the command needs them."""
    command = argv[1] if len(argv) > 1 else "help"
    if command in WITHOUT_SERVICES or command.startswith("-") or "--help" in argv or "-h" in argv:
        yield
        return
    with services(Layout(var_folder())):
        yield


def _give_back(layout: Layout, lease: IO[str]) -> None:
    from cryptopredict.embedded import postgres, redis_server

    with _mutex(layout):
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # others use them; the file's closing gives this lease back
        redis_server.stop(layout)
        postgres.stop(layout)


@contextmanager
def _mutex(layout: Layout) -> Iterator[None]:
    """One process at a time starts or stops."""
    with (layout.run / "mutex").open("a") as file:
        give_to_owner(layout.run / "mutex", layout.var)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """Let a plain kill or a closed terminal end the block as Ctrl-C does, so that it is left in order."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    wanted = [sign for sign in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(sign) is signal.SIG_DFL]
    with _handlers(dict.fromkeys(wanted, leave)):
        yield


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Keep an impatient second Ctrl-C from leaving half-stopped servers."""
    with _handlers(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)):
        yield


@contextmanager
def _handlers(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set them
        return
    before = {sign: signal.signal(sign, handler) for sign, handler in handlers.items()}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
