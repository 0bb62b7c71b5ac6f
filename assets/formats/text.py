"""Delimited text: encoding, delimiter, comments and header found out, then read in blocks of whole lines."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from assets.formats.block import RAW_LENGTH, Block
from assets.formats.errors import RULES, Fault, FormatError, Reason, Reject
from assets.formats.files import unpacked
from assets.formats.header import is_header

_HEAD_BYTES = 1 << 16
_HEAD_LINES = 40
_BLOCK_CHARS = 6 << 20
_LINE_CHARS = 1 << 20
_DELIMITERS = ("\t", ";", "|", ",")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class TextTable:
    """How a text file is written; `header` is None where it has none, `first` the line the rows begin at."""

    path: Path
    size: int
    encoding: str
    delimiter: str
    header: tuple[str, ...] | None
    width: int
    first: int
    sample: tuple[tuple[str, ...], ...]

    @classmethod
    def open(cls, path: Path, size: int) -> TextTable:
        """Looks at the head of the file. Raises FormatError if it is no text, or holds no rows."""
        with unpacked(path) as (plain, _):
            head = _read_fully(plain, _HEAD_BYTES)
        encoding = _encoding(head, path)
        lines = io.StringIO(head.decode(encoding, errors="replace"), newline=None).read().split("\n")
        if len(head) == _HEAD_BYTES and len(lines) > 1:
            lines.pop()
        numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()][:_HEAD_LINES]
        if not numbered:
            raise FormatError(Fault.EMPTY, path, "the file is empty")
        delimiter = _delimiter([line for _, line in numbered])
        rows = [(number, tuple(_fields(line, delimiter))) for number, line in numbered]
        return cls._after_comments(path, size, encoding, delimiter, rows)

    @classmethod
    def _after_comments(
        cls, path: Path, size: int, encoding: str, delimiter: str, rows: list[tuple[int, tuple[str, ...]]]
    ) -> TextTable:
        while rows and _is_comment(rows[0][1], rows[1:]):
            rows = rows[1:]
        if not rows:
            raise FormatError(Fault.EMPTY, path, "the file holds comments only")
        (first, fields), values = rows[0], tuple(row for _, row in rows)
        if is_header(fields):
            if len(rows) == 1:
                raise FormatError(Fault.EMPTY, path, "the file holds a header and no rows")
            return cls(path, size, encoding, delimiter, fields, len(fields), first + 1, values[1:])
        return cls(path, size, encoding, delimiter, None, len(fields), first, values)

    def blocks(self, columns: tuple[int, ...]) -> Iterator[Block]:
        """The wanted columns as text, some 6 MB of whole lines at a time."""
        with unpacked(self.path) as (plain, file):
            reader = io.TextIOWrapper(plain, encoding=self.encoding, errors="replace", newline=None)
            for _ in range(self.first - 1):
                reader.readline()
            line = self.first
            for lines in _whole_lines(reader, self.path):
                yield self._block(lines, line, columns, file.tell())
                line += lines.count("\n")
            reader.detach()

    def _block(self, lines: str, first: int, columns: tuple[int, ...], position: int) -> Block:
        count = lines.count("\n")
        table = self._parse(lines, columns)
        if table is not None and table.num_rows == count:
            numbers = np.arange(first, first + count, dtype=np.int64)
            arrays = {column: table.column(f"c{column}").combine_chunks() for column in columns}
            return Block(arrays, numbers, _LineText(lines), [], position)
        return self._block_line_by_line(lines.split("\n")[:-1], first, columns, position)

    def _parse(self, lines: str, columns: tuple[int, ...]) -> pa.Table | None:
        """None where a line has another number of fields than the header."""
        body = lines.encode(errors="replace")
        try:
            return pc.read_csv(
                pa.BufferReader(body),
                read_options=pc.ReadOptions(
                    column_names=[f"c{column}" for column in range(self.width)], block_size=len(body) + 1
                ),
                parse_options=pc.ParseOptions(delimiter=self.delimiter),
                convert_options=pc.ConvertOptions(
                    include_columns=[f"c{column}" for column in columns],
                    column_types={f"c{column}": pa.string() for column in columns},
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None

    def _block_line_by_line(
        self, lines: Sequence[str], first: int, columns: tuple[int, ...], position: int
    ) -> Block:
        """The slow way, for blocks with blank, short, long or badly quoted lines: each line for itself."""
        rows: list[list[str]] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        for number, line in enumerate(lines, first):
            if not line.strip():
                continue
            fields = _fields(line, self.delimiter)
            if len(fields) == self.width:
                rows.append(fields)
                numbers.append(number)
            else:
                message = f"{RULES[Reason.COLUMNS]} ({len(fields)} instead of {self.width})"
                rejects.append(Reject(number, Reason.COLUMNS, message, line[:RAW_LENGTH]))
        arrays = {column: pa.array([row[column] for row in rows], pa.string()) for column in columns}
        kept = [lines[number - first] for number in numbers]
        return Block(arrays, np.array(numbers, dtype=np.int64), _KeptText(kept), rejects, position)


class _LineText:
    """Cut into lines only when a row is asked for."""

    def __init__(self, lines: str) -> None:
        self._text = lines
        self._lines: list[str] | None = None

    def __call__(self, row: int) -> str:
        if self._lines is None:
            self._lines = self._text.split("\n")
        return self._lines[row][:RAW_LENGTH]


@dataclass(frozen=True)
class _KeptText:
    lines: Sequence[str]

    def __call__(self, row: int) -> str:
        return self.lines[row][:RAW_LENGTH]


def _whole_lines(reader: io.TextIOWrapper, path: Path) -> Iterator[str]:
    """Pieces of some 6 MB that end with a line; the last line gets its line break if it has none."""
    rest, more = "", True
    while more:
        piece = reader.read(_BLOCK_CHARS)
        more = len(piece) == _BLOCK_CHARS
        text = rest + piece
        cut = text.rfind("\n") + 1 if more else len(text)
        rest = text[cut:]
        if len(rest) > _LINE_CHARS:
            raise FormatError(Fault.NOT_TEXT, path, "a line exceeds a million characters; this is no table")
        if cut:
            yield text[:cut] if text[cut - 1] == "\n" else text[:cut] + "\n"


def _read_fully(stream: IO[bytes], wanted: int) -> bytes:
    """A packed stream may answer with less than it was asked for."""
    pieces = bytearray()
    while len(pieces) < wanted and (piece := stream.read(wanted - len(pieces))):
        pieces += piece
    return bytes(pieces)


def _encoding(head: bytes, path: Path) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        raise FormatError(Fault.NOT_TEXT, path, "the file is neither text nor Parquet; export it as CSV")
    try:
        # The head may end within a character.
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=False))
    except (csv.Error, StopIteration):
        return [line]


def _delimiter(lines: Sequence[str]) -> str:
    """The one that cuts most lines into the same number of fields; the rarer sign wins a tie."""

    def agreeing(delimiter: str) -> int:
        counts = Counter(len(_fields(line, delimiter)) for line in lines)
        return max((times for fields, times in counts.items() if fields > 1), default=0)

    return max(_DELIMITERS, key=agreeing) if any(map(agreeing, _DELIMITERS)) else ","


def _is_comment(fields: tuple[str, ...], rows: Sequence[tuple[int, tuple[str, ...]]]) -> bool:
    """A remark (#), an address, a spreadsheet's `sep=`, or a lone phrase above a table of several columns."""
    start, below = fields[0].strip().lower(), len(rows[0][1]) if rows else 0
    if start.startswith("#"):
        return not is_header(fields) or len(fields) != below
    if start.startswith(("http://", "https://", "www.", "sep=")):
        return True
    return len(fields) == 1 and below > 2
