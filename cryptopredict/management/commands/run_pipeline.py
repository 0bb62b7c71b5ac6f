from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console

from assets.engine.timeframe import Timeframe
from cryptopredict import pipeline
from cryptopredict.moments import moment


class Command(BaseCommand):
    help = "Carry closed candles through macro, sectors, selection and trading."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=moment, help="act as if it were this moment (default: now)")
        parser.add_argument("--from", dest="since", type=moment, help="first close of a range")
        parser.add_argument("--to", dest="until", type=moment, help="last close of a range")
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)
        parser.add_argument("--again", action="store_true", help="recompute what is recorded already")

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = self._as_of(options)
        console = Console(file=self.stdout._out, highlight=False)
        stages = iter([stage.name for stage in pipeline.STAGES])
        with console.status(f"running {next(stages)}") as status:

            def progress(name: str, seconds: float) -> None:
                console.print(f"{name:<10} {seconds:8.2f} s")
                status.update(f"running {next(stages, 'the end')}")

            try:
                run = pipeline.run(
                    timeframe=options["timeframe"],
                    as_of=as_of,
                    since=options["since"],
                    again=options["again"],
                    progress=progress,
                )
            except pipeline.PipelineError as error:
                raise CommandError(str(error)) from error
        console.print(
            f"{run.since:%Y-%m-%d %H:%M} to {run.as_of:%Y-%m-%d %H:%M} UTC: "
            f"{run.rows} rows in {run.seconds:.1f} s"
        )

    def _as_of(self, options: dict[str, Any]) -> datetime:
        if options["as_of"] and (options["since"] or options["until"]):
            raise CommandError("--as-of is one moment, --from and --to a range: give one or the other")
        as_of = options["as_of"] or options["until"] or timezone.now()
        if as_of > timezone.now():
            raise CommandError(f"{as_of:%Y-%m-%d %H:%M} UTC lies in the future: nothing is known of it yet")
        if options["since"] and options["since"] > as_of:
            raise CommandError("--from lies after --to: swap them")
        return as_of
