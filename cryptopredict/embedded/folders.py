"""Where the embedded parts keep their data, sockets and locks, and as whom they run."""

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "pgserver"  # runs the servers when a person is root: PostgreSQL refuses to run as root
SOCKET_FOLDER_LIMIT = 80  # a socket's whole path has at most 103 bytes on the smallest system (macOS)
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")  # needs no quoting in any URL or command line
ROOM_NEEDED = 300 * 1024 * 1024  # a new PostgreSQL takes 60 MB, its log of changes up to 80 MB more


class StartError(Exception):
    """What keeps the product from starting, said so that a person can mend it."""


@dataclass(frozen=True)
class Layout:
    """The folders below one VAR."""

    var: Path

    @property
    def data(self) -> Path:
        return self.var / "postgres"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def run(self) -> Path:
        """Locks and the record of what runs."""
        return self.var / "run"

    @property
    def sockets(self) -> Path:
        """Unix sockets; elsewhere when VAR is too long or too odd a path for one.

        It depends on VAR alone, never on the environment, so that each process finds the same place.
        """
        wanted = self.run / "sockets"
        if len(bytes(wanted)) <= SOCKET_FOLDER_LIMIT and PLAIN_PATH.fullmatch(str(wanted)):
            return wanted
        return Path("/tmp") / f"cryptopredict-{hashlib.sha256(bytes(self.var)).hexdigest()[:16]}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def database_url(self) -> str:
        return f"postgresql://postgres:@/cryptopredict?host={self.sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.redis_socket}"


def var_folder() -> Path:
    """The folder named by the environment's VAR, or `var` beside `manage.py`."""
    given = os.environ.get("VAR") or Path(__file__).resolve().parents[2] / "var"
    return Path(given).expanduser().resolve()


def give_to_owner(path: Path, folder: Path) -> None:
    """Let what root makes belong to whoever owns `folder`, so that this person can go on without root."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def prepare(layout: Layout) -> None:
    """Make the folders; say clearly what is in the way."""
    try:
        for folder in (layout.var, layout.run, layout.log):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                give_to_owner(folder, folder.parent if folder == layout.var else layout.var)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied", str(folder))
    except OSError as error:
        raise StartError(
            f"The folder {error.filename or layout.var} can't be written ({error.strerror}). "
            "Mend its permissions or name another: make up VAR=path"
        ) from None
    if shutil.disk_usage(layout.var).free < ROOM_NEEDED and not layout.data.exists():
        raise StartError(
            f"The disk that holds {layout.var} has less than {ROOM_NEEDED // 1024**2} MB free. "
            "Make room or name another folder: make up VAR=path"
        )


def account(layout: Layout) -> pwd.struct_passwd | None:
    """Whom the servers run as: None is the caller; for root the owner of the data, else a system account."""
    if os.geteuid() != 0:
        return None
    if layout.data.exists() and layout.data.stat().st_uid != 0:
        return pwd.getpwuid(layout.data.stat().st_uid)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    try:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartError(
            f"PostgreSQL doesn't run as root, and the account {ACCOUNT} can't be made ({error}). "
            f"Make it yourself (useradd --system {ACCOUNT}) or start as an ordinary user."
        ) from None
    return pwd.getpwnam(ACCOUNT)


def prepare_sockets(layout: Layout) -> None:
    """Make the folder of the sockets, open to its owner only: the servers trust whoever reaches them."""
    folder, owner = layout.sockets, account(layout)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    trusted = {os.geteuid(), owner.pw_uid if owner else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted:
        raise StartError(f"{folder} belongs to someone else. Remove it, or name another VAR.")
    folder.chmod(0o700)
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def make_log(layout: Layout, name: str) -> Path:
    """A server's log file, writable for the account it runs as."""
    log, owner = layout.log / f"{name}.log", account(layout)
    log.touch()
    if owner is not None:
        os.chown(log, owner.pw_uid, owner.pw_gid)
    return log


def let_pass(path: Path, owner: pwd.struct_passwd) -> list[Path]:
    """Let `owner` walk through the folders above `path`; return those whose mode had to be changed."""
    changed = []
    for folder in reversed(path.parents):
        found = folder.stat()
        if found.st_uid == owner.pw_uid:
            needed = stat.S_IXUSR
        elif found.st_gid == owner.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            folder.chmod(stat.S_IMODE(found.st_mode) | needed)
            changed.append(folder)
    return changed
