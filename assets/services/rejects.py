"""The file of refused rows: which file and line, why, and what stood there."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from assets.formats import Reject

COLUMNS = ("file", "line", "reason", "message", "raw")


class RejectsError(OSError):
    """The file of rejects cannot be written; the message says why and how to mend it."""


class RejectsFile:
    """A CSV that comes into being with the first reject. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises RejectsError where `path` is a file of something else, which must not be overwritten."""
        self.path = path
        self.rows = 0
        self._file: IO[str] | None = None
        self._writer: Any = None
        if path.is_dir() or (path.is_file() and not _holds_rejects(path)):
            raise RejectsError(f"{path} is not a file of rejects and stays as it is; name another file")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, file: Path, rejects: Iterable[Reject]) -> None:
        """Add rows and bring them to the disk. Raises RejectsError."""
        rows = [(str(file), r.line, str(r.reason), r.message, r.raw) for r in rejects]
        if not rows:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
                self._writer = csv.writer(self._file)
                self._writer.writerow(COLUMNS)
            self._writer.writerows(rows)
            self._file.flush()
        except OSError as error:
            text = f"the rejects cannot be written to {self.path} ({error.strerror}); give --rejects FILE"
            raise RejectsError(text) from error
        self.rows += len(rows)


def _holds_rejects(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().strip() in ("", ",".join(COLUMNS))
    except OSError as error:
        raise RejectsError(f"{path} cannot be read ({error.strerror}); name another file") from error
