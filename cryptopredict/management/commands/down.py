"""`make down`: stop what `make up` started under this VAR, also what a killed one left behind."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cryptopredict import embedded
from cryptopredict.supervisor import instance


class Command(BaseCommand):
    help = "Stop the running product of this VAR and wait until it is down."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        layout = embedded.Layout(settings.VAR)
        address = instance.stop_running(layout)
        embedded.stop_unused(layout)
        self.stdout.write(f"Stopped {address}." if address else f"Nothing runs under {layout.var}.")
