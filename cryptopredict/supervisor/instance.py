"""One running product per VAR: the claim, the record of what runs, and what a killed run left behind."""

import errno
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cryptopredict.embedded import Layout, StartError
from cryptopredict.embedded.folders import give_to_owner, prepare
from cryptopredict.embedded.processes import Identity, end_group


class AlreadyRunsError(Exception):
    """Somebody holds the claim; the text is the address."""


class Record:
    """`run/up.json`: who supervises, at which address, and what was started (by number and start time)."""

    def __init__(self, layout: Layout, address: str) -> None:
        self.path = layout.run / "up.json"
        self.owner = layout.var
        self.address = address
        self.write({})

    def write(self, children: Mapping[str, Identity]) -> None:
        """Replace the record in one step, so that a reader never sees half of it."""
        me = Identity.of(os.getpid())
        content = {
            "address": self.address,
            "supervisor": [me.pid, me.started],
            "children": {name: [child.pid, child.started] for name, child in children.items()},
        }
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(content))
        give_to_owner(new, self.owner)
        new.replace(self.path)


@contextmanager
def claim(layout: Layout, address: str) -> Iterator[Record]:
    """Be the one product of this VAR for the length of the block; end what a killed one left."""
    prepare(layout)
    with (layout.run / "up.lock").open("a") as file:
        give_to_owner(layout.run / "up.lock", layout.var)
        if not _free(file):
            raise AlreadyRunsError(_read(layout).get("address", "an address not known yet"))
        end_orphans(layout)
        record = Record(layout, address)
        try:
            yield record
        finally:
            record.path.unlink(missing_ok=True)


def end_orphans(layout: Layout) -> int:
    """End the processes recorded by a supervisor that is gone; return how many there were.

    Only for who holds the claim, or knows that nobody does.
    """
    children = _read(layout).get("children", {})
    ended = sum(end_group(Identity(pid, started), grace=5.0) for pid, started in children.values())
    (layout.run / "up.json").unlink(missing_ok=True)
    return ended


def stop_running(layout: Layout, timeout: float = 90.0) -> str | None:
    """Ask the running product to stop and wait for it; return its address, None if none runs."""
    if not (layout.run / "up.lock").exists():
        return None
    with (layout.run / "up.lock").open("r+") as file:
        if _free(file):
            end_orphans(layout)
            return None
        found = _read(layout)
        if "supervisor" in found and (supervisor := Identity(*found["supervisor"])).alive():
            os.kill(supervisor.pid, signal.SIGTERM)
        address = str(found.get("address", "the product"))
        for _ in range(int(timeout * 10)):
            time.sleep(0.1)
            if _free(file):
                return address
    raise StartError(f"{address} did not stop within {timeout:.0f} s; its log is in {layout.log}.")


def _free(file: IO[str]) -> bool:
    """Whether nobody else holds the claim; it is then ours until the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_port(host: str, port: int) -> None:
    """Make sure that the public port is free; StartError names it and the knob."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise StartError(f"Port {port} is only for root. Choose one above 1023: make up PORT=8000") from None
    except socket.gaierror:
        raise StartError(
            f"HOST={host} is no address of this machine. Leave it out, or HOST=0.0.0.0"
        ) from None
    except OSError as error:
        reason = (
            "is taken by another program"
            if error.errno == errno.EADDRINUSE
            else f"can't be used ({error.strerror})"
        )
        raise StartError(f"Port {port} on {host} {reason}. Choose another: make up PORT={port + 1}") from None


def _read(layout: Layout) -> dict[str, Any]:
    path: Path = layout.run / "up.json"
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return dict(json.loads(path.read_text()))
    return {}
