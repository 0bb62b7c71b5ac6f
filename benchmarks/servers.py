"""PostgreSQL and Redis of the benchmarks' own, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from cryptopredict import embedded

# As the product's own workers run: the processes are the parallelism.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def running() -> Iterator[None]:
    """Set Django up on new servers with empty tables; stop them and remove all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="cryptopredict-bench-") as folder:
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        os.environ |= dict.fromkeys(_THREADS, "1")
        os.environ |= {"VAR": folder, "DJANGO_SETTINGS_MODULE": "cryptopredict.settings"}
        with embedded.services(embedded.Layout(Path(folder).resolve())):
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", interactive=False, verbosity=0)
            try:
                yield
            finally:
                connection.close()


@contextmanager
def fresh_database() -> Iterator[None]:
    """Empty tables for one benchmark: a copy of the migrated database, dropped afterwards."""
    empty = connection.settings_dict["NAME"]
    copy = f"{empty}_copy"
    connection.close()  # a database in use cannot be copied
    _alone(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)', f'CREATE DATABASE "{copy}" TEMPLATE "{empty}"')
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = empty
        _alone(f'DROP DATABASE "{copy}" WITH (FORCE)')


def _alone(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
