"""Files of macro series into the snapshots: what is good lands, what is not is written down with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
from django.db import Error, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from assets.formats import FormatError, SeriesSource, open_series
from assets.models import DataImport, ImportKind, ImportStatus
from assets.selectors import is_simulated
from assets.services.imports import INTERRUPTED, ImportRefusedError, told
from assets.services.rejects import RejectsError, RejectsFile
from macro.services.series import store_series

Progress = Callable[[Path, int, int], None]
#: A file of series holds one value a day and series; finer bars read the days' values.
BAR = Timeframe.DAY


@dataclass(slots=True)
class SeriesReport:
    """What became of a file: rows read, days new, changed or unchanged, values rejected by reason.

    `extended` are series without a column of their own, `ignored` columns that hold no numbers. `fatal`: no
    use to go on.
    """

    path: Path
    series: tuple[str, ...] = ()
    extended: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    error: str = ""
    fatal: bool = False

    @property
    def landed(self) -> int:
        """Days that are in the database now because the file, or one before it, said so."""
        return self.new + self.changed + self.unchanged


def import_series(
    paths: Iterable[Path],
    rejects: RejectsFile,
    *,
    name: str | None = None,
    now: datetime | None = None,
    progress: Progress = lambda path, position, size: None,
) -> Iterator[SeriesReport]:
    """Import file after file; yields a report a file, of which each lands whole or not at all.

    `name` names the series of a file that holds one and does not say which. Days not over at `now` are
    rejected. A file that cannot be read does not stop the others; the database or the rejects file failing
    does. Run again, all is unchanged. Raises ImportRefusedError before the first row.
    """
    if is_simulated():
        raise ImportRefusedError(
            _(
                "The database holds a simulated market, and real series are not mixed with it. "
                "Use another folder for them: VAR=var-real."
            )
        )
    for path in paths:
        report = _import(path, rejects, name, now, progress)
        yield report
        if report.fatal:
            return


def _import(
    path: Path, rejects: RejectsFile, name: str | None, now: datetime | None, progress: Progress
) -> SeriesReport:
    report = SeriesReport(path)
    record = DataImport(
        kind=ImportKind.SERIES, source=str(path)[-500:], timeframe=BAR, parameters={"name": name}
    )
    try:
        record.save()
        source = open_series(path, name=name, now=now)
        values = _read(source, report, rejects, progress)
        with transaction.atomic():
            _store(path, values, report, record)
            _close(record, report, ImportStatus.COMPLETED)
    except FormatError as error:
        _fail(record, report, error.message)
    except ValueError as error:
        _fail(record, report, str(error))
    except RejectsError as error:
        _fail(record, report, str(error), fatal=True)
    except Error as error:
        report.error, report.fatal = told(error), True
    except KeyboardInterrupt:
        _fail(record, report, INTERRUPTED)
        raise
    return report


def _read(
    source: SeriesSource, report: SeriesReport, rejects: RejectsFile, progress: Progress
) -> pd.DataFrame:
    """Values by day (rows) and series (columns)."""
    report.extended, report.ignored = source.extended, source.ignored
    found = []
    for batch in source:
        rejects.write(source.path, batch.rejects)
        report.read += batch.rows
        report.rejected.update(str(reject.reason) for reject in batch.rejects)
        if len(batch.values):
            found.append(batch.values)
        progress(source.path, batch.position, source.size)
    if not found:
        return pd.DataFrame(index=pd.DatetimeIndex([], tz="UTC"))
    wide = pd.concat(found).pivot_table(index="day", columns="series", values="value", aggfunc="last")
    return wide.set_index(pd.DatetimeIndex(wide.index).tz_localize("UTC"))


def _store(path: Path, values: pd.DataFrame, report: SeriesReport, record: DataImport) -> None:
    stored = store_series(timeframe=BAR, frame=values, source=path.name)
    report.series = tuple(str(name) for name in values.columns)
    report.new, report.changed, report.unchanged = stored.new, stored.changed, stored.unchanged
    record.parameters["series"] = list(report.series)
    if len(values):
        record.first_time, record.last_time = values.index[0], values.index[-1]


def _fail(record: DataImport, report: SeriesReport, text: str, *, fatal: bool = False) -> None:
    report.error, report.fatal = text, fatal
    _close(record, report, ImportStatus.FAILED)


def _close(record: DataImport, report: SeriesReport, status: ImportStatus) -> None:
    record.status, record.error, record.finished_at = status, report.error, timezone.now()
    record.rows_read, record.rows_unchanged = report.read, report.unchanged
    record.rows_stored = report.new + report.changed
    record.rejects, record.rows_rejected = dict(report.rejected), report.rejected.total()
    record.save()
