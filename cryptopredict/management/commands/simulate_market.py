"""Write a market whose truth is known, or carry it on."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from assets.engine.timeframe import Timeframe
from assets.services.simulation import DEFAULTS, SimulationError
from cryptopredict import simulation
from cryptopredict.moments import moment


class Command(BaseCommand):
    help = (
        "Write a simulated market (coins, macro series, sector members) up to the last closed bar. Run "
        "again, it carries the same market on; bars that are there do not change. Never over a real market."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--assets", type=_positive, help=f"coins (default: {DEFAULTS['assets']})")
        parser.add_argument("--days", type=_positive, help=f"days of history (default: {DEFAULTS['days']})")
        parser.add_argument("--seed", type=_seed, help=f"which market (default: {DEFAULTS['seed']})")
        parser.add_argument(
            "--timeframe",
            type=Timeframe,
            choices=list(Timeframe),
            help=f"bar (default: {DEFAULTS['timeframe']})",
        )
        parser.add_argument("--end", type=moment, help="last bars close here (default: now)")

    def handle(self, *args: Any, **options: Any) -> None:
        end = options["end"] or timezone.now()
        if end > timezone.now():
            raise CommandError(f"--end: {end:%Y-%m-%d %H:%M} UTC lies in the future; leave it out for now")
        chosen = {name: options[name] for name in DEFAULTS}
        console = Console(file=sys.stderr)
        begun = time.perf_counter()
        try:
            with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task("simulating", total=None)
                record = simulation.run(
                    end=end,
                    progress=lambda done, total: bar.update(
                        task, description="writing bars", completed=done, total=total
                    ),
                    **chosen,
                )
        except SimulationError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                "The database failed while the market was written (is its disk full?). "
                "Mend it and run this again: it goes on where it was."
            ) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; run it again to go on.")
            raise SystemExit(130) from None
        words = record.parameters["chosen"]
        last = record.timeframe.close_of(record.last_time)
        self.stdout.write(
            f"Simulated market {words['seed']}: {words['assets']} coins, {record.rows_read} bars of "
            f"{record.timeframe} from {record.first_time:%Y-%m-%d} to {last:%Y-%m-%d %H:%M} UTC "
            f"({time.perf_counter() - begun:.1f} s)."
        )


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 on (18 digits at most)")
    return int(text)
