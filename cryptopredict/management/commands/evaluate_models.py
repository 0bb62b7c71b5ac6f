from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from aimodels import selectors, services
from aimodels.models import Evaluation
from aimodels.serializers import EvaluationSerializer
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from cryptopredict.common.encoding import encode
from cryptopredict.moments import moment


class Command(BaseCommand):
    help = (
        "Judge every model on bars it had not seen: each figure with its 95 % block-bootstrap interval, "
        "the naive rival's beside it, and what it has to reach. The judgement is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="which models (default: all)")
        parser.add_argument(
            "--from", dest="since", type=moment, help="first close (default: two years before)"
        )
        parser.add_argument(
            "--to", dest="until", type=moment, help="last close (default: the newest that is stored)"
        )
        parser.add_argument(
            "--json", action="store_true", help="print the judgements as JSON, as the API has them"
        )
        parser.add_argument("--jobs", type=int, help="processes for fits that are missing (default 1)")
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)

    def handle(self, *args: Any, **options: Any) -> None:
        until = options["until"] or assets.newest_close(options["timeframe"])
        if until > timezone.now():
            raise CommandError(
                f"--to: {until:%Y-%m-%d %H:%M} UTC lies in the future: nothing is known of it yet"
            )
        console = Console(file=self.stdout._out, highlight=False, width=None if self.stdout.isatty() else 160)
        with Console(stderr=True).status("starting") as status:
            try:
                judged = services.evaluate(
                    names=options["names"],
                    timeframe=options["timeframe"],
                    since=options["since"],
                    until=until,
                    jobs=options["jobs"],
                    progress=status.update,
                )
            except (selectors.Unknown, ValueError) as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(encode(EvaluationSerializer(judged, many=True).data).decode())
            return
        for one in judged:
            console.print(self._table(one))

    def _table(self, judged: Evaluation) -> Table:
        title = (
            f"{judged.name}, {judged.window_start:%Y-%m-%d} to {judged.window_end:%Y-%m-%d}: "
            f"{judged.verdict.replace('_', ' ')}; rival: {judged.rival}"
        )
        table = Table(title=title, title_justify="left")
        for name in (
            "figure",
            "value",
            "95 %",
            "rival",
            "rival's 95 %",
            "floor",
            "goal",
            "cases",
            "grade",
            "note",
        ):
            table.add_column(name, justify="left" if name in ("figure", "grade", "note") else "right")
        for name, one in judged.metrics.items():
            table.add_row(
                name,
                short(one["value"]),
                between(one["low"], one["high"]),
                short(one["rival"]),
                between(one["rival_low"], one["rival_high"]),
                short(one["floor"], ""),
                short(one["goal"], ""),
                f"{one['cases']:,}",
                one["grade"].replace("_", " "),
                one["note"],
            )
        return table


def short(value: float | None, unknown: str = "unknown") -> str:
    """A figure with the digits that mean something."""
    return unknown if value is None else f"{value:.4g}"


def between(low: float | None, high: float | None) -> str:
    """An interval; nothing where there is none."""
    return "" if low is None or high is None else f"{low:.3g} to {high:.3g}"
