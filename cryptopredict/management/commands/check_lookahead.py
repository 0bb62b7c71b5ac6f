import random
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from cryptopredict import lookahead
from cryptopredict.moments import moment


class Command(BaseCommand):
    help = (
        "Prove on your data that nothing the system says could have used the future: random bars are "
        "analysed with and without everything that came later, fits included, and every figure has to "
        "agree bit for bit. Exit code 0: proved; 1: not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)
        parser.add_argument("--samples", type=int, default=3, help="how many bars to check (default 3)")
        parser.add_argument("--span", type=int, default=120, help="among how many of the last bars")
        parser.add_argument("--as-of", type=moment, help="the last bar (default: the newest)")
        parser.add_argument("--seed", type=int, help="which bars: the same number chooses the same")

    def handle(self, *args: Any, **options: Any) -> None:
        samples, span, timeframe = options["samples"], options["span"], options["timeframe"]
        if samples < 1:
            raise CommandError(f"--samples: {samples} bars cannot be checked; give 1 or more")
        if span <= samples:
            raise CommandError(
                f"--span: {span} is too short for {samples} samples; give {samples + 1} or more"
            )
        as_of = assets.last_close(timeframe, options["as_of"] or timezone.now())
        if as_of is None:
            raise CommandError(f"there are no {timeframe} candles to check; import some first")
        console = Console(file=self.stdout._out, highlight=False)
        rows = lookahead.lookback(timeframe) + span + 1
        market = lookahead.load(timeframe, as_of, rows)
        total = len(market.panel.times)
        chosen = sorted(random.Random(options["seed"]).sample(range(total - span, total - 1), samples))
        with console.status(f"analysing {len(market.panel.symbols)} assets") as status:
            found = lookahead.check(
                market, chosen, progress=lambda bar: status.update(f"checked the bar known at {bar} UTC")
            )
        bars = ", ".join(f"{market.panel.as_of(row):%Y-%m-%d %H:%M}" for row in chosen)
        if found:
            console.print(self._table(found))
            raise CommandError(f"{len(found)} figures used the future (bars known at {bars} UTC)")
        console.print(
            f"No lookahead: {samples} bars x {len(lookahead.LAYERS)} layers agree bit for bit with and "
            f"without their future (known at {bars} UTC)."
        )

    def _table(self, found: list[lookahead.Difference]) -> Table:
        table = Table("layer", "known at", "cut", "figure", "with the future", "without")
        for one in found[:20]:
            at = f"{one.as_of:%Y-%m-%d %H:%M}"
            table.add_row(one.layer, at, one.cut, one.field, one.whole, one.without)
        return table
