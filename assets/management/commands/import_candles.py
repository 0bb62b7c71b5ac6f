"""Files of candles, whoever wrote them, into the database."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from assets.engine.timeframe import Timeframe
from assets.formats import RULES, FormatError, Reason, find_files
from assets.formats.files import bare_name
from assets.services.imports import Choices, FileReport, ImportRefusedError, import_files, told
from assets.services.rejects import RejectsError, RejectsFile

SOME_REJECTED = 3
SHOWN = 30
NARROW = 100  # characters a line where no terminal says how many it has
FIGURES = ("read", "new", "revised", "unchanged", "rejected")


class Command(BaseCommand):
    help = (
        "Import a file or folder of candles: CSV (also gzipped, tab-separated) and Parquet, in the long "
        "format or as Binance, Bybit, CryptoDataDownload, CoinGecko, Yahoo Finance, CoinMarketCap, Kaggle "
        "and Coin Metrics write it. Good rows land; bad ones go to a file of rejects with line and reason. "
        "Can be run again: nothing is doubled. Exit code 0: everything landed; 3: some rows or files were "
        "refused, the rest landed; 1: nothing could be read, or the database failed on the way (what landed "
        "before stays)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="file or folder")
        parser.add_argument(
            "--timeframe",
            type=Timeframe,
            choices=list(Timeframe),
            help="bar length, if the spacing cannot tell",
        )
        parser.add_argument("--symbol", help="the coin, if neither a column nor the file name tells")
        parser.add_argument(
            "--volume-unit",
            choices=["usd", "base"],
            help="what a lone volume column counts: dollars or coins",
        )
        parser.add_argument(
            "--revise", action="store_true", help="where a stored bar differs, take the file's"
        )
        parser.add_argument(
            "--rejects", type=Path, help="file of rejects (default: VAR/rejects/NAME-TIME.csv)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].expanduser().absolute()
        names = ("timeframe", "symbol", "volume_unit", "revise")
        choices = Choices(**{name: options[name] for name in names})
        target = options["rejects"] or _default_rejects(path)
        begun = time.perf_counter()
        try:
            files = find_files(path)
            with RejectsFile(target.expanduser().absolute()) as rejects:
                reports = self._import(files, choices, rejects)
        except (FormatError, ImportRefusedError, RejectsError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read ({error.strerror})") from error
        except Error as error:
            raise CommandError(told(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; what landed stays. Run it again to go on.")
            raise SystemExit(130) from None
        self._tell(reports, rejects, time.perf_counter() - begun)
        _exit(reports, files)

    def _import(self, files: list[Path], choices: Choices, rejects: RejectsFile) -> list[FileReport]:
        reports = []
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            whole = bar.add_task("files", total=len(files), visible=len(files) > 1)
            part = bar.add_task("reading", total=None)

            def progress(file: Path, position: int, size: int) -> None:
                bar.update(part, description=file.name, completed=position, total=size)

            for report in import_files(files, choices, rejects, progress):
                reports.append(report)
                bar.advance(whole)
        return reports

    def _tell(self, reports: list[FileReport], rejects: RejectsFile, seconds: float) -> None:
        console = Console(file=self.stdout._out, highlight=False)
        if not console.is_terminal:
            console = Console(file=self.stdout._out, highlight=False, width=NARROW)
        console.print(_files(reports))
        reasons = sum((report.rejected for report in reports), Counter())
        if reasons:
            console.print(_reasons(reasons))
            console.print(f"Rejects: {rejects.path}", soft_wrap=True)
        missing = sum(report.volume_missing for report in reports)
        if missing:
            console.print(f"{missing:,} rows have no volume; it is stored as 0.")
        read = sum(report.read for report in reports)
        console.print(f"{read:,} rows in {seconds:.1f} s ({read / max(seconds, 1e-9):,.0f} rows/s).")


def _default_rejects(path: Path) -> Path:
    return Path(settings.VAR) / "rejects" / f"{bare_name(path)}-{timezone.now():%Y%m%dT%H%M%S%f}.csv"


def _files(reports: list[FileReport]) -> Table:
    table = Table()
    table.add_column("file", overflow="fold")
    for name in ("format", "bar", "volume"):
        table.add_column(name, no_wrap=True)
    for name in FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    shown = [report for report in reports if report.error] or reports
    shown = shown if len(reports) > SHOWN else reports
    for report in shown[:SHOWN]:
        table.add_row(
            report.path.name,
            report.format,
            report.timeframe or "",
            report.volume_unit,
            *_figures([report]),
            style="red" if report.error else None,
        )
    if len(reports) > 1:
        table.add_section()
        table.add_row(f"{len(reports)} files", "", "", "", *_figures(reports))
    return table


def _figures(reports: list[FileReport]) -> list[str]:
    rejected = sum(report.rejected.total() for report in reports)
    return [f"{sum(getattr(report, name) for report in reports):,}" for name in FIGURES[:-1]] + [
        f"{rejected:,}"
    ]


def _reasons(reasons: Counter[str]) -> Table:
    table = Table()
    table.add_column("rejected for")
    table.add_column("rows", justify="right")
    table.add_column("rule", overflow="fold")
    for reason, count in reasons.most_common():
        table.add_row(reason, f"{count:,}", RULES[Reason(reason)])
    return table


def _exit(reports: list[FileReport], files: list[Path]) -> None:
    """Raise what the outcome is, unless everything landed."""
    failed = [report for report in reports if report.error]
    rejected = sum(report.rejected.total() for report in reports)
    landed = sum(report.read for report in reports) - rejected
    lines = [f"{report.path}: {report.error}" for report in failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"and {len(failed) - SHOWN} more files")
    fatal = any(report.fatal for report in failed)
    if len(reports) < len(files):
        lines.append(f"{len(files) - len(reports)} files were not read")
    if failed and landed:
        lines.append(f"{landed:,} rows are stored")
    if rejected:
        lines.append(f"{rejected:,} rows were rejected")
    if lines:
        code = 1 if fatal or (failed and not landed) else SOME_REJECTED
        raise CommandError("; ".join(lines) + ".", returncode=code)
