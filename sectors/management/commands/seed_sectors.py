"""Write the ten sectors and their known members."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from sectors.services import seed_sectors

SHOWN = 20


class Command(BaseCommand):
    help = "Write the default sectors and the known members among the stored assets; can be run again."

    def handle(self, *args: Any, **options: Any) -> None:
        done = seed_sectors()
        self.stdout.write(
            f"{done.sectors} sectors ({done.new_sectors} new), {done.members} known members "
            f"({done.changed} new or changed, {done.manual} left as set by hand), {done.pegged} pegged coins."
        )
        if done.unmapped:
            shown = ", ".join(done.unmapped[:SHOWN])
            more = f" and {len(done.unmapped) - SHOWN} more" if len(done.unmapped) > SHOWN else ""
            self.stdout.write(f"{len(done.unmapped)} coins have no sector: {shown}{more}.")
        else:
            self.stdout.write("Every coin has a sector.")
