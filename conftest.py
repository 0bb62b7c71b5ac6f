"""For every test: PostgreSQL and Redis of the run's own where asked for, and no way to the network."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cryptopredict import embedded

TEMPLATE = "cryptopredict_template"  # migrated by the first worker, copied by each
LOCAL = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}


def pytest_configure() -> None:
    sys.addaudithook(_stay_local)


def pytest_unconfigure() -> None:
    if os.environ.get("TEST_VAR_OWNER") == str(os.getpid()):
        shutil.rmtree(os.environ["TEST_VAR"], ignore_errors=True)


def _stay_local(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a connection or a look-up of a name that leads away from this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host is not None and host not in LOCAL and not host.startswith("127."):
        raise RuntimeError(f"A test tried to reach {host}; tests stay on this machine.")


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Layout]:
    """PostgreSQL and Redis, started by the first worker that asks, stopped by the last that leaves."""
    layout = embedded.Layout(Path(os.environ["TEST_VAR"]).resolve())
    with embedded.services(layout, durable=False):
        yield layout


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    servers: embedded.Layout, django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    """pytest-django asks for this before it makes a worker's database: a copy of one migrated once."""
    from django.db import connection

    with (servers.run / "template").open("a") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        _ensure_template()
    connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


def _ensure_template() -> None:
    """Migrate a database from nothing, unless another worker has; what bears the right name is whole."""
    from django.core.management import call_command
    from django.db import connection

    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        if cursor.fetchone():
            return
        cursor.execute(f"CREATE DATABASE {TEMPLATE}_new")
    try:
        connection.close()
        connection.settings_dict["NAME"] = f"{TEMPLATE}_new"
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")


@pytest.fixture(autouse=True)
def _language_of_its_own() -> Iterator[None]:
    """What a page switched the thread to is no business of the next test."""
    from django.utils import translation

    yield
    translation.deactivate()
