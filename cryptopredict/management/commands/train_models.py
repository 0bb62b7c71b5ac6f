from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from aimodels import selectors, services
from aimodels.models import JobStatus, TrainingJob
from aimodels.services.training import DAYS, SPLIT
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from cryptopredict.moments import moment


def change(text: str) -> tuple[str, float]:
    """`NAME=VALUE` of an option; raises ArgumentTypeError."""
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError as error:
        raise ArgumentTypeError(f"{text}: give a name and a number, such as penalty=2") from error


class Command(BaseCommand):
    help = (
        "Fit models on every fold of a walk forward, judge them on bars they had not seen, and let those "
        "serve that pass the gate. Fits that are stored already are read. Exit code 1 where one could not be "
        "trained; what served goes on. Folds run through joblib: a program that calls "
        "aimodels.services.train_all inside joblib.parallel_config(backend='dask' or 'ray') spreads them "
        "over machines (docs/training.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="which models (default: all)")
        parser.add_argument(
            "--as-of",
            type=moment,
            help="as if it were this moment (default: the newest close that is stored)",
        )
        parser.add_argument(
            "--days", type=int, default=DAYS, help=f"days that are walked forward (default {DAYS})"
        )
        parser.add_argument("--jobs", type=int, help="processes (default 1; -1: one a processor)")
        parser.add_argument(
            "--split", type=float, default=SPLIT, help=f"share of them that is recent (default {SPLIT})"
        )
        parser.add_argument(
            "--set",
            dest="changes",
            action="append",
            default=[],
            type=change,
            metavar="NAME=VALUE",
            help="another hyperparameter of the one model that is named; it serves only if it wins",
        )
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)

    def handle(self, *args: Any, **options: Any) -> None:
        self._check(options)
        console = Console(file=self.stdout._out, highlight=False)
        with console.status("reading the market") as status:

            def progress(job: TrainingJob) -> None:
                status.update(f"{job.name} {job.progress:4.0%}")

            try:
                jobs = services.train_all(
                    names=options["names"],
                    timeframe=options["timeframe"],
                    as_of=options["as_of"] or assets.newest_close(options["timeframe"]),
                    days=options["days"],
                    split=options["split"],
                    jobs=options["jobs"],
                    hyperparameters=dict(options["changes"]),
                    progress=progress,
                )
            except (selectors.Unknown, services.TrainingError, ValueError) as error:
                raise CommandError(str(error)) from error
        console.print(self._table(jobs))
        failed = [job.name for job in jobs if job.status == JobStatus.FAILED]
        if failed:
            raise CommandError(f"not trained: {', '.join(failed)}; what served before goes on")

    def _check(self, options: dict[str, Any]) -> None:
        if not 28 <= options["days"] <= 5000:
            raise CommandError(f"--days: {options['days']} has to lie between 28 and 5000")
        if not 0.0 < options["split"] < 1.0:
            raise CommandError(f"--split: {options['split']} has to lie between 0 and 1")
        if options["jobs"] is not None and (options["jobs"] == 0 or options["jobs"] < -1):
            raise CommandError(f"--jobs: {options['jobs']} is no number of processes; give 1 or more, or -1")
        if options["as_of"] and options["as_of"] > timezone.now():
            raise CommandError(
                f"--as-of: {options['as_of']:%Y-%m-%d %H:%M} UTC lies in the future: nothing is known of it"
            )

    def _table(self, jobs: list[TrainingJob]) -> Table:
        table = Table("model", "state", "version", "verdict", "s", "why")
        for job in jobs:
            seconds = (job.finished_at - job.started_at).total_seconds() if job.finished_at else 0.0
            decision = selectors.decisions(job.name).filter(pk=job.metrics.get("promotion")).first()
            why = "; ".join(decision.reasons) if decision else job.error
            version = job.model.version if job.model else ""
            verdict = str(decision.get_verdict_display()) if decision else ""
            table.add_row(job.name, job.get_status_display(), version, verdict, f"{seconds:.1f}", why)
        return table
