"""Files of candles into the database: what is good lands, what is not is written down with its reason."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.engine.pegged import is_pegged
from assets.engine.timeframe import Timeframe
from assets.formats import RULES, Batch, CandleSource, FormatError, Reason, Reject, open_source
from assets.models import AssetType, DataImport, ImportKind, ImportStatus
from assets.selectors import first_open, is_simulated
from assets.services.listings import Listing, register
from assets.services.locks import IMPORT, held
from assets.services.quotes import refresh_assets
from assets.services.rejects import RejectsError, RejectsFile
from assets.services.store import CandleBatch, store_candles

log = logging.getLogger(__name__)

SOURCE = "import"
INTERRUPTED = "interrupted"
_DISK_FULL, _NO_TABLE = "53100", "42P01"

Progress = Callable[[Path, int, int], None]


class ImportRefusedError(RuntimeError):
    """Nothing can be imported here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person says about the files; None is told from each file."""

    timeframe: Timeframe | None = None
    symbol: str | None = None
    volume_unit: str | None = None
    revise: bool = False
    now: datetime | None = None


@dataclass(slots=True)
class FileReport:
    """What became of a file: read = new + revised + unchanged + rejected rows. `fatal`: no use to go on."""

    path: Path
    format: str = ""
    timeframe: Timeframe | None = None
    volume_unit: str = ""
    read: int = 0
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    volume_missing: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    error: str = ""
    fatal: bool = False
    seconds: float = 0.0


def import_files(
    paths: Iterable[Path],
    choices: Choices,
    rejects: RejectsFile,
    progress: Progress = lambda path, position, size: None,
) -> Iterator[FileReport]:
    """Import file after file, and bring the assets' quotes up to date at the end; yields a report a file.

    Bars that are stored already are counted as unchanged, or rejected where the file says something else
    (with `revise` the file is right). Each batch lands whole or not at all, so a run that was interrupted is
    made good by running it again. A file that cannot be read does not stop the others; the database or the
    rejects file failing does. Raises ImportRefusedError before the first row.
    """
    if is_simulated() and any(first_open(timeframe) for timeframe in Timeframe):
        raise ImportRefusedError(
            _(
                "The database holds a simulated market, and real candles are not mixed with it. "
                "Use another folder for them: VAR=var-real."
            )
        )
    _mark_interrupted()
    lengths: set[Timeframe] = set()
    for path in paths:
        report = _FileImport(path, choices, rejects, progress).run()
        lengths |= {report.timeframe} - {None}
        yield report
        if report.fatal:
            return
    for timeframe in sorted(lengths, key=lambda length: length.code):
        refresh_assets(timeframe)


def _mark_interrupted() -> None:
    """Close the records of importers that are no more: their lock is free."""
    for record in DataImport.objects.filter(kind=ImportKind.CANDLES, status=ImportStatus.RUNNING):
        with held(IMPORT, record.pk) as free:
            if free:
                _finish(record, ImportStatus.FAILED, INTERRUPTED)


def _finish(record: DataImport, status: ImportStatus, error: str = "") -> None:
    record.status, record.error, record.finished_at = status, error, timezone.now()
    record.save(update_fields=["status", "error", "finished_at"])


class _FileImport:
    """One file on its way into the database."""

    def __init__(self, path: Path, choices: Choices, rejects: RejectsFile, progress: Progress) -> None:
        self.path, self.choices, self.rejects, self.progress = path, choices, rejects, progress
        self.report = FileReport(path)
        self.ids: dict[str, int] = {}
        asked = {"timeframe": choices.timeframe, "symbol": choices.symbol, "volume_unit": choices.volume_unit}
        self.record = DataImport(
            kind=ImportKind.CANDLES,
            source=str(path)[-500:],
            parameters={**asked, "revise": choices.revise},
        )

    def run(self) -> FileReport:
        begun = time.perf_counter()
        try:
            self._run()
        except FormatError as error:
            self._fail(error.message)
        except RejectsError as error:
            self._fail(str(error), fatal=True)
        except Error as error:
            log.info("import of %s failed", self.path, exc_info=True)
            self._fail(told(error), fatal=True)
        except (KeyboardInterrupt, SystemExit):
            self._fail(INTERRUPTED)
            raise
        self.report.seconds = time.perf_counter() - begun
        return self.report

    def _run(self) -> None:
        self.record.save()
        with held(IMPORT, self.record.pk):
            source = open_source(
                self.path,
                symbol=self.choices.symbol,
                timeframe=self.choices.timeframe,
                volume_unit=self.choices.volume_unit,
                now=self.choices.now,
            )
            self._describe(source)
            for batch in source:
                self._take(source, batch)
                self.progress(self.path, batch.position, source.size)
            _finish(self.record, ImportStatus.COMPLETED)

    def _describe(self, source: CandleSource) -> None:
        for told_to in (self.report, self.record):
            told_to.timeframe = source.timeframe
        self.report.format = self.record.data_format = source.format
        self.report.volume_unit = self.record.parameters["volume_unit"] = source.volume_unit
        self.record.save(update_fields=["timeframe", "data_format", "parameters"])

    def _take(self, source: CandleSource, batch: Batch) -> None:
        """One batch, whole or not at all, counted in the same transaction."""
        with transaction.atomic():
            new, revised, unchanged, differing = self._store(source.timeframe, batch)
            refused = sorted([*batch.rejects, *differing], key=lambda reject: reject.line)
            self.rejects.write(self.path, refused)
            rejected = self.report.rejected + Counter(str(reject.reason) for reject in refused)
            self._count(batch, new + revised, unchanged, rejected)
        self.report.read += batch.rows
        self.report.new += new
        self.report.revised += revised
        self.report.unchanged += unchanged
        self.report.volume_missing += int(batch.volume_missing.sum())
        self.report.rejected = rejected

    def _store(self, timeframe: Timeframe, batch: Batch) -> tuple[int, int, int, list[Reject]]:
        if not len(batch):
            return 0, 0, batch.identical, []
        ids = self._asset_ids(batch)[batch.codes]
        order = np.lexsort((batch.open_time, ids))  # asset by asset, as bars lie best in the table
        columns = ("open_time", "open", "high", "low", "close", "volume", "market_cap", "trade_count", "vwap")
        bars = {name: getattr(batch, name)[order] for name in columns}
        stored = store_candles(
            timeframe, CandleBatch(asset_id=ids[order], **bars), revise=self.choices.revise
        )
        differing = [_differing(batch, int(row)) for row in order[stored.conflicts]]
        return stored.new, stored.revised, stored.unchanged + batch.identical, differing

    def _asset_ids(self, batch: Batch) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Asset ids by the batch's codes; coins met for the first time become assets."""
        used = {batch.symbols[code] for code in np.unique(batch.codes)}
        unknown = sorted(used - self.ids.keys())
        kinds = {True: AssetType.STABLECOIN, False: AssetType.CRYPTO}
        found = register([Listing(name, name, kinds[is_pegged(name)], SOURCE) for name in unknown])
        self.ids |= dict(zip(unknown, found, strict=True))
        return np.asarray([self.ids.get(symbol, 0) for symbol in batch.symbols], dtype=np.int64)

    def _count(self, batch: Batch, stored: int, unchanged: int, rejected: Counter[str]) -> None:
        record, opens = self.record, batch.open_time
        record.rows_read += batch.rows
        record.rows_stored += stored
        record.rows_unchanged += unchanged
        record.rejects, record.rows_rejected = dict(rejected), rejected.total()
        if len(opens):
            spans = (record.first_time, record.last_time, _moment(opens.min()), _moment(opens.max()))
            known = [moment for moment in spans if moment is not None]
            record.first_time, record.last_time = min(known), max(known)
        record.save()

    def _fail(self, text: str, *, fatal: bool = False) -> None:
        """Say so in the report, and in the record as far as the database still takes it."""
        self.report.error, self.report.fatal = text, fatal
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        landed = {"rows_read": self.report.read, "rows_stored": self.report.new + self.report.revised}
        for name, value in landed.items():
            setattr(self.record, name, value)
        self.record.rejects, self.record.rows_rejected = (
            dict(self.report.rejected),
            self.report.rejected.total(),
        )
        self.record.rows_unchanged = self.report.unchanged
        with suppress(Error):
            self.record.status, self.record.error = ImportStatus.FAILED, text
            self.record.finished_at = timezone.now()
            self.record.save()


def told(error: Error) -> str:
    """A failure of the database in words, without its own text, which speaks of tables and values."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if state == _DISK_FULL:
        return _("the database's disk is full; free space and run this again, what landed stays")
    if state == _NO_TABLE:
        return _("the database has no tables yet; run manage.py migrate first")
    if isinstance(error, InterfaceError) or (isinstance(error, OperationalError) and not state):
        return _("the connection to the database was lost; run this again, what landed stays")
    return _("the database refused a batch (code %(code)s); what landed before stays") % {
        "code": state or "?"
    }


def _differing(batch: Batch, row: int) -> Reject:
    values = [f"{name}={getattr(batch, name)[row]:.10g}" for name in ("open", "high", "low", "close")]
    seen = (batch.symbols[batch.codes[row]], f"{_moment(batch.open_time[row]):%Y-%m-%dT%H:%M:%SZ}", *values)
    return Reject(
        int(batch.lines[row]),
        Reason.DIFFERS,
        RULES[Reason.DIFFERS],
        ",".join((*seen, f"volume={batch.volume[row]:.10g}")),
    )


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))
