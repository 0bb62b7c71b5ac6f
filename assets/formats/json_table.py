"""Small JSON answers (a list of records, or one under `data`) in the shape of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assets.formats.block import RAW_LENGTH, Block
from assets.formats.errors import Fault, FormatError
from assets.formats.files import errors_told

_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class JsonTable:
    """Records numbered from 1; every value as text, so that the same rules read it as read a CSV."""

    path: Path
    header: tuple[str, ...]
    records: tuple[dict[str, Any], ...]

    @classmethod
    def open(cls, path: Path) -> JsonTable:
        """Raises FormatError if the file is no JSON, or holds no list of records."""
        with errors_told(path):
            if path.stat().st_size > _MOST_BYTES:
                raise FormatError(Fault.UNREADABLE, path, "JSON above 64 MB is not read; save it as CSV")
            content = path.read_bytes()
        try:
            document = json.loads(content.decode("utf-8-sig"))
        except ValueError as error:
            raise FormatError(Fault.TRUNCATED, path, f"this is no whole JSON document ({error})") from error
        records = document.get("data") if isinstance(document, dict) else document
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise FormatError(
                Fault.UNKNOWN_COLUMNS, path, "a list of records, or one under “data”, was looked for"
            )
        if not records:
            raise FormatError(Fault.EMPTY, path, "the file holds no records")
        return cls(path, tuple(dict.fromkeys(name for record in records for name in record)), tuple(records))

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def size(self) -> int:
        return len(self.records)

    def blocks(self, columns: tuple[int, ...]) -> Iterator[Block]:
        """All records in one block."""
        arrays = {column: pa.array(map(self._text(column), self.records), pa.string()) for column in columns}
        lines = np.arange(1, self.size + 1, dtype=np.int64)
        yield Block(arrays, lines, lambda row: json.dumps(self.records[row])[:RAW_LENGTH], [], self.size)

    def _text(self, column: int) -> Any:
        name = self.header[column]
        return lambda record: None if record.get(name) is None else str(record[name])
