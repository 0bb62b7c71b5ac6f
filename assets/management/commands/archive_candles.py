"""Move old bars into the archive."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assets.engine.timeframe import Timeframe
from assets.services.archive import archive


class Command(BaseCommand):
    help = "Move bars older than --days into the archive, where they stay readable; can be run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), required=True)
        parser.add_argument("--days", type=int, required=True, help="how many days stay in use")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError(f"--days: {options['days']} is not above zero")
        try:
            before = timezone.now() - timedelta(days=options["days"])
        except OverflowError as error:
            raise CommandError(f"--days: {options['days']} reaches back before the calendar") from error
        moved = archive(options["timeframe"], before)
        self.stdout.write(f"{moved:,} bars of {options['timeframe']} moved into the archive.")
