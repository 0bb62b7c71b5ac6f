"""Run a program as someone; know which process is meant, beyond doubt; end it."""

import os
import pwd
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Identity:
    """A process by number and start time: numbers are used again, both together are not."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """The process that runs under `pid` now; psutil.NoSuchProcess if there is none."""
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            return bool(process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE)
        return False


def group_members(leader: Identity) -> list[psutil.Process]:
    """The processes of the group that `leader` opened, itself included if it still lives."""
    members = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            in_group = os.getpgid(process.pid) == leader.pid and process.create_time() >= leader.started
            if in_group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def end_group(leader: Identity, grace: float) -> int:
    """Ask a group to end, then make it; return how many processes there were."""
    members = group_members(leader)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
        _, left = psutil.wait_procs(members, timeout=grace)
        if not left:
            break
    return len(members)


def run_as(
    owner: pwd.struct_passwd | None, command: Sequence[str], *, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end as `owner` (None: as the caller), away from the terminal, output gathered."""
    return subprocess.run(
        command,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        timeout=timeout,
    )
