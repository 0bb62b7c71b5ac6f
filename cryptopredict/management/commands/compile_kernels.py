import os
import time
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand

from cryptopredict import kernels

POLITE = 10  # niceness of what nobody waits for


class Command(BaseCommand):
    help = (
        "Compile the loops of the engines ahead, so that no first run has to wait for it. Needs no database."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.perf_counter()
        with suppress(KeyboardInterrupt):
            kernels.compile_funnel()
            self.stdout.write(f"The engines are compiled ({time.perf_counter() - begun:.1f} s).")
            self.stdout.flush()  # a first start waits for this line; backtests and charts can wait
            os.nice(POLITE)
            kernels.compile_rest()
