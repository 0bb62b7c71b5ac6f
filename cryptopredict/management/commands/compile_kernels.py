import time
from typing import Any

from django.core.management.base import BaseCommand

from cryptopredict import kernels


class Command(BaseCommand):
    help = (
        "Compile the loops of the engines ahead, so that no first run has to wait for it. Needs no database."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.perf_counter()
        kernels.compile_all()
        self.stdout.write(f"The engines are compiled ({time.perf_counter() - begun:.1f} s).")
