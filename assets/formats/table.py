"""A file as a stream of columns, whatever it is written in: header, then blocks with their line numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assets.formats.block import BLOCK_ROWS, RAW_LENGTH, Block
from assets.formats.errors import Fault, FormatError
from assets.formats.files import check_whole, errors_told, is_parquet
from assets.formats.text import TextTable


@dataclass(frozen=True)
class ParquetTable:
    """Typed columns; rows are numbered from 1, which is also the progress; `header` names the columns."""

    path: Path
    header: tuple[str, ...]
    size: int

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def sample(self) -> tuple[tuple[str, ...], ...]:
        """First rows as text, for formats that are told by their values: a Parquet file always has names."""
        return ()

    def blocks(self, columns: tuple[int, ...]) -> Iterator[Block]:
        """The wanted columns, at most BLOCK_ROWS rows at a time."""
        with _parquet_errors(self.path), pq.ParquetFile(self.path) as file:
            names, done = [self.header[column] for column in columns], 0
            for batch in file.iter_batches(BLOCK_ROWS, columns=names):
                arrays = {column: _plain(batch.column(self.header[column])) for column in columns}
                lines = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)
                done += batch.num_rows
                yield Block(arrays, lines, _RowText(batch), [], done)


Table = ParquetTable | TextTable


def open_table(path: Path | str) -> Table:
    """Reads as much as it takes to know how the file is written. Raises FormatError."""
    file = Path(path)
    size = check_whole(file)
    return _open_parquet(file) if is_parquet(file) else TextTable.open(file, size)


def _open_parquet(path: Path) -> ParquetTable:
    with _parquet_errors(path), pq.ParquetFile(path) as file:
        names, rows = tuple(file.schema_arrow.names), file.metadata.num_rows
    if not rows:
        raise FormatError(Fault.EMPTY, path, "the file holds no rows")
    return ParquetTable(path, names, rows)


@contextmanager
def _parquet_errors(path: Path) -> Iterator[None]:
    try:
        with errors_told(path):
            yield
    except pa.ArrowException as error:
        raise FormatError(
            Fault.TRUNCATED, path, f"the Parquet file is cut off or damaged ({error}); fetch it again"
        ) from error


def _plain(array: pa.Array) -> pa.Array:
    """Without dictionaries and large offsets, so that one code path reads every writer's text."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array


@dataclass(frozen=True)
class _RowText:
    batch: pa.RecordBatch

    def __call__(self, row: int) -> str:
        values = self.batch.slice(row, 1).to_pylist()[0]
        return ", ".join(f"{name}={value}" for name, value in values.items())[:RAW_LENGTH]
