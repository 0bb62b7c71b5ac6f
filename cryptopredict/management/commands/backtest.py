import csv
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from rich.console import Console
from rich.table import Table

from assets.engine.timeframe import Timeframe
from cryptopredict import backtests
from cryptopredict.common.encoding import encode
from cryptopredict.moments import moment
from trading import services
from trading.models import Backtest
from trading.selectors import page_context
from trading.services import Plan
from trading.words import bias, variant


def varied(text: str) -> tuple[str, list[float]]:
    """`stop=1,1.25,1.5`."""
    name, _, values = text.partition("=")
    try:
        return name, [float(value) for value in values.split(",")]
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no sweep: write a name and numbers, stop=1,1.25,1.5") from error


class Command(BaseCommand):
    help = (
        "Run the funnel over a past span as it would have run: the universe of each close, fits on what was "
        "known, fills at the next open, costs always in. The result is stored and compared with holding, "
        "with random entries, and with the luck of as many trials."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = Plan()
        parser.add_argument("--from", dest="since", type=moment, required=True, help="first close")
        parser.add_argument("--to", dest="until", type=moment, required=True, help="last close")
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)
        parser.add_argument(
            "--universe",
            type=int,
            default=usual.universe,
            help="how many of the most traded coins layers 2 to 4 choose from at each close; layer 1 always "
            "judges the whole market",
        )
        parser.add_argument("--fees", type=float, default=usual.fees, help="share of a fill's value")
        parser.add_argument("--slippage", type=float, default=usual.slippage, help="the same")
        parser.add_argument("--least-confidence", type=float, default=usual.least_confidence)
        parser.add_argument(
            "--sweep",
            type=varied,
            nargs="+",
            default=[],
            metavar="NAME=V,V",
            help="try every combination: stop, target (in daily ATR), margin, least_confidence, "
            "exposure_floor, score_share",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
        parser.add_argument("--html", type=Path, metavar="FILE", help="a page with charts that stands alone")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="the trades")

    def handle(self, *args: Any, **options: Any) -> None:
        self._check_files(options)
        plan = Plan(
            fees=options["fees"],
            slippage=options["slippage"],
            universe=options["universe"],
            least_confidence=options["least_confidence"],
            sweep=dict(options["sweep"]),
        )
        try:
            row = services.ask(
                timeframe=options["timeframe"],
                since=options["since"],
                until=options["until"],
                plan=plan,
                queue=False,
            )
        except ValidationError as error:
            faults = "; ".join(f"--{name}: {' '.join(m)}" for name, m in error.message_dict.items())
            raise CommandError(faults.replace("_", "-")) from error
        console = Console(file=self.stdout._out, highlight=False)
        with services.begun(row), console.status("reading candles") as status:
            try:
                backtests.run(row, lambda stage, share: status.update(f"{stage}, {share:.0%}"))
            except backtests.BacktestError as error:
                raise CommandError(str(error)) from error
        self._write(row, options)
        console.print(self._table(row.report))
        if len(row.report["variants"]) > 1:
            console.print(self._variants(row.report))
        for code in row.report["not_point_in_time"]:
            console.print(f"Not known at the time. {bias(code)}")
        console.print(
            f"{row.variants_tried} variants tried over this time. Kept as backtest {row.pk}, "
            f"{row.report['seconds']:.1f} s."
        )

    def _check_files(self, options: dict[str, Any]) -> None:
        """Before the work, not after it."""
        for name in ("json", "html", "csv"):
            path = options[name]
            if path is not None and not path.absolute().parent.is_dir():
                raise CommandError(f"--{name}: the folder {path.absolute().parent} does not exist")

    def _write(self, row: Backtest, options: dict[str, Any]) -> None:
        if options["json"]:
            document = {
                "timeframe": row.timeframe,
                "since": row.since,
                "until": row.until,
                "parameters": row.parameters,
                **row.report,
            }
            options["json"].write_bytes(encode(document))
        if options["html"]:
            page = render_to_string("trading/backtest_report.html", page_context(row))
            options["html"].write_text(page, encoding="utf-8")
        if options["csv"]:
            write_csv(options["csv"], row.report["trade_list"])

    def _table(self, report: dict[str, Any]) -> Table:
        ours, theirs = report["portfolio"], report["holding"]
        table = Table("", "backtest", "holding")
        for name in ("total_return", "annual_return", "volatility", "sortino", "calmar"):
            table.add_row(name.replace("_", " "), _shown(ours[name]), _shown(theirs[name]))
        table.add_row("Sharpe", _interval(ours["sharpe"]), _interval(theirs["sharpe"]))
        table.add_row("maximum drawdown", _fall(ours), _fall(theirs))
        trades, chance, deflated = report["trades"], report["random_entries"], report["deflated_sharpe"]
        table.add_section()
        table.add_row("signals, closed trades", f"{report['signals']}, {trades['cases']}", "")
        table.add_row("target reached", _interval(trades["success_rate"]), "")
        table.add_row("net R a trade", _interval(trades["expectancy_r"]), "")
        table.add_row("random entries, same exits", _shown(chance["mean"]), "")
        table.add_row("  did as well", _shown(chance["p_value"]), "")
        table.add_row("chance of skill (probabilistic Sharpe)", _shown(deflated["probabilistic"]), "")
        table.add_row(f"  after {deflated['trials']} trials (deflated)", _shown(deflated["deflated"]), "")
        orders = report["monte_carlo"]
        spread = " / ".join(map(_shown, orders["drawdown"] or [None]))
        table.add_row("drawdown, other orders", spread, "")
        table.add_row("  fell deeper", _shown(orders["worse"]), "")
        return table

    def _variants(self, report: dict[str, Any]) -> Table:
        """What the sweep tried; the report is that of the best."""
        table = Table("variant", "signals", "Sharpe")
        for each in report["variants"]:
            table.add_row(variant(each["values"]), str(each["signals"]), _shown(each["sharpe"]))
        return table


def write_csv(path: Path, trades: list[dict[str, Any]]) -> None:
    """The trades, a line each; what is not known is empty."""
    names = ["symbol", "signal_type", "signalled_at", "entered_at", "exited_at", "entry_price", "exit_price"]
    names += ["outcome", "net_return", "return_r", "size"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(trades)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(figure: dict[str, float | None]) -> str:
    if figure["low"] is None or figure["high"] is None:
        return _shown(figure["value"])
    return f"{_shown(figure['value'])} ({figure['low']:.3f} to {figure['high']:.3f})"


def _fall(figures: dict[str, Any]) -> str:
    fall = figures["drawdown"]
    return (
        "-" if fall is None else f"{fall['depth']:.3f} ({fall['peak_at'][:10]} to {fall['trough_at'][:10]})"
    )
