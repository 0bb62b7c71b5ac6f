"""Files of macro series into the metrics snapshots."""

from __future__ import annotations

import sys
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

from assets.formats import RULES, FormatError, Reason, find_files
from assets.formats.files import bare_name
from assets.services.imports import ImportRefusedError, told
from assets.services.rejects import RejectsError, RejectsFile
from macro.services.imports import SeriesReport, import_series

SOME_REJECTED = 3
NARROW = 100  # characters a line where no terminal says how many it has
FIGURES = ("read", "new", "changed", "unchanged")


class Command(BaseCommand):
    help = (
        "Import a file or folder of macro series (fear & greed, funding, open interest, dominance, S&P 500, "
        "gold, dollar, VIX, yield, any other by its name): CSV, Parquet and JSON, one value a day. Good "
        "values land; bad ones go to a file of rejects with line and reason. Can be run again: nothing is "
        "doubled. Exit code 0: everything landed; 3: some values or files were refused, the rest landed; 1: "
        "nothing could be read, or the database failed on the way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="file or folder")
        parser.add_argument("--name", help="the series, if a file of one does not tell")
        parser.add_argument(
            "--rejects", type=Path, help="file of rejects (default: VAR/rejects/NAME-TIME.csv)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].expanduser().absolute()
        target = options["rejects"] or _default_rejects(path)
        try:
            files = find_files(path, also=(".json",))
            with RejectsFile(target.expanduser().absolute()) as rejects:
                reports = _import(files, rejects, options["name"])
        except (FormatError, ImportRefusedError, RejectsError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read ({error.strerror})") from error
        except Error as error:
            raise CommandError(told(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; what landed stays. Run it again to go on.")
            raise SystemExit(130) from None
        self._tell(reports, rejects)
        _exit(reports)

    def _tell(self, reports: list[SeriesReport], rejects: RejectsFile) -> None:
        console = Console(file=self.stdout._out, highlight=False)
        if not console.is_terminal:
            console = Console(file=self.stdout._out, highlight=False, width=NARROW)
        console.print(_files(reports))
        for report in reports:
            own = [name for name in report.series if name not in report.extended]
            for text, names in (
                ("read", own),
                ("kept by name", report.extended),
                ("left out, no numbers", report.ignored),
            ):
                if names:
                    console.print(f"{report.path.name}: {text}: {', '.join(names)}", soft_wrap=True)
        reasons = sum((report.rejected for report in reports), Counter())
        if reasons:
            console.print(_reasons(reasons))
            console.print(f"Rejects: {rejects.path}", soft_wrap=True)


def _import(files: list[Path], rejects: RejectsFile, name: str | None) -> list[SeriesReport]:
    console = Console(file=sys.stderr)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        part = bar.add_task("reading", total=None)

        def progress(file: Path, position: int, size: int) -> None:
            bar.update(part, description=file.name, completed=position, total=size)

        return list(import_series(files, rejects, name=name, progress=progress))


def _default_rejects(path: Path) -> Path:
    return Path(settings.VAR) / "rejects" / f"{bare_name(path)}-{timezone.now():%Y%m%dT%H%M%S%f}.csv"


def _files(reports: list[SeriesReport]) -> Table:
    table = Table()
    table.add_column("file", overflow="fold")
    for title in ("series", "rows read", "days new", "changed", "unchanged", "rejected"):
        table.add_column(title, justify="right", no_wrap=True)
    for report in reports:
        counts = [len(report.series), *(getattr(report, name) for name in FIGURES), report.rejected.total()]
        figures = [f"{count:,}" for count in counts]
        style = "red" if report.error else None
        table.add_row(report.path.name, *figures, style=style)
    return table


def _reasons(reasons: Counter[str]) -> Table:
    table = Table()
    table.add_column("rejected for")
    table.add_column("values", justify="right")
    table.add_column("rule", overflow="fold")
    for reason, count in reasons.most_common():
        table.add_row(reason, f"{count:,}", RULES[Reason(reason)])
    return table


def _exit(reports: list[SeriesReport]) -> None:
    """Raise what the outcome is, unless everything landed."""
    lines = [f"{report.path}: {report.error}" for report in reports if report.error]
    rejected = sum(report.rejected.total() for report in reports)
    if rejected:
        lines.append(f"{rejected:,} values were rejected")
    if lines:
        whole = any(report.landed for report in reports) and not any(report.fatal for report in reports)
        raise CommandError("; ".join(lines) + ".", returncode=SOME_REJECTED if whole else 1)
