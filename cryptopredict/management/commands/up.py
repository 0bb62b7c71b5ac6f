"""`make up`: from whatever state to a running product, in the foreground, until Ctrl-C."""

import asyncio
import http.client
import os
import socket
import subprocess
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from cryptopredict import bootstrap, embedded
from cryptopredict.supervisor import Supervisor, children, instance

EVERYWHERE = {"0.0.0.0", "::"}


class Command(BaseCommand):
    help = "Start everything (database, pages, streams, tasks) and keep it running until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
        parser.add_argument("--port", type=int, default=8000, help="the one public port")
        parser.add_argument("--market", help="simulated, or a file or folder of candles (default: simulated)")
        parser.add_argument("--workers", type=int, default=children.default_workers(),
                            help="processes for pages, and as many for tasks")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        layout = embedded.Layout(settings.VAR)
        host, port = options["host"], options["port"]
        address = f"http://{socket.gethostname() if host in EVERYWHERE else host}:{port}"
        try:
            with instance.claim(layout, address) as record:
                instance.check_port(host, port)
                self._run(layout, record, options)
        except instance.AlreadyRunsError as error:
            self.stdout.write(f"Runs already at {error}. To stop it: make down VAR={layout.var}")
        except KeyboardInterrupt:
            self.stdout.write("\nStopped before it was up; `make up` goes on from here.")
            raise SystemExit(130) from None
        else:
            self.stdout.write("Stopped.")

    def _run(self, layout: embedded.Layout, record: instance.Record, options: dict[str, Any]) -> None:
        host, port = options["host"], options["port"]
        begun = time.monotonic()
        self.stdout.write(f"CryptoPredict, with its data in {layout.var}")
        compiling = bootstrap.compiler()
        with embedded.services(layout):
            self._told("PostgreSQL and Redis", begun)
            self._bootstrap(options["market"], compiling)
            _let_in(host)
            supervisor = Supervisor(
                children.product(layout, host=host, port=port, workers=options["workers"]),
                logs=layout.log,
                say=self.stdout.write,
                record=record.write,
                repair=lambda: embedded.repair(layout),
            )
            servers = time.monotonic()

            def ready() -> None:
                self._told("Servers", servers)
                self.stdout.write(
                    self.style.SUCCESS(f"Ready after {time.monotonic() - begun:.0f} s: {record.address}")
                    + f"\nLogs are in {layout.log}. Ctrl-C stops everything."
                )

            asyncio.run(supervisor.run(lambda: _answers(host, port), ready))

    def _bootstrap(self, market: str | None, compiling: subprocess.Popen[bytes] | None) -> None:
        for step in bootstrap.steps(market, compiling):
            begun = time.monotonic()
            if step.needed():
                if self.stdout.isatty():
                    self.stdout.write(f"  {step.name} ...", ending="\r")
                    self.stdout.flush()
                line = step.run()
                self._told(step.name, begun)
                if line:
                    self.stdout.write(self.style.WARNING(f"    {line}"))
            else:
                self._told(step.name, begun, note="as it was")
        connections.close_all()

    def _told(self, name: str, begun: float, note: str = "") -> None:
        self.stdout.write(f"  {name:<24}{time.monotonic() - begun:6.1f} s  {note}".rstrip())


def _let_in(host: str) -> None:
    """Open to the network means: by any name and address this machine has, unless told which."""
    if host in {"127.0.0.1", "localhost"} or "ALLOWED_HOSTS" in os.environ:
        return
    names = {"localhost", "127.0.0.1", "[::1]", host, socket.gethostname(), socket.getfqdn()} - EVERYWHERE
    for addresses in psutil.net_if_addrs().values():
        names |= {found.address for found in addresses if found.family == socket.AF_INET}
    os.environ["ALLOWED_HOSTS"] = ",".join(sorted(names))


def _answers(host: str, port: int) -> bool:
    """Whether the product answers a request through its public port."""
    connection = http.client.HTTPConnection("127.0.0.1" if host in EVERYWHERE else host, port, timeout=10)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health/live")
        return connection.getresponse().status < 500
    connection.close()
    return False
