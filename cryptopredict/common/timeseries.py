"""Rows in, frames out: large appends and merges go through COPY, whatever the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
from django.db import connections, models, transaction

Columns = Mapping[str, Any]

NULL = "\\N"
ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)
BLOCK_ROWS = 4096
# Each trigger of a row asks first whether it is to be ignored (django-pgtrigger). Where nobody has said, that
# question is an error inside a savepoint, and undoing a savepoint walks all foreign keys still to be checked:
# a hundred thousand rows cost minutes. So it is said, until the transaction ends, that none is ignored.
_TRIGGERS_ASK = (
    "SELECT set_config('pgtrigger.ignore', "
    "COALESCE(NULLIF(current_setting('pgtrigger.ignore', true), ''), '{}'), true)"
)


class RecordQuerySet(models.QuerySet[Any]):
    """Batch writes by column. A column is a sequence of one length, or a scalar for all rows.

    NaN becomes NULL, dicts and lists become JSON. Column names are attribute names; a foreign key
    is given by its id (`asset_id`).
    """

    def append(self, columns: Columns) -> int:
        """Insert rows whose unique key is not there yet; return how many were. Safe to run again."""
        return self._through_stage(columns, "ON CONFLICT DO NOTHING")

    def merge(self, columns: Columns, on: Sequence[str]) -> int:
        """Insert or fill: given values replace stored ones, NULL never does; return rows touched."""
        table = self.model._meta.db_table
        names = [self._column(name) for name in columns]
        keys = [self._column(name) for name in on]
        changed = [name for name in names if name not in keys]
        sets = ", ".join(f'"{name}" = COALESCE(EXCLUDED."{name}", {table}."{name}")' for name in changed)
        differs = " OR ".join(
            f'(EXCLUDED."{name}" IS NOT NULL AND EXCLUDED."{name}" IS DISTINCT FROM {table}."{name}")'
            for name in changed
        )
        conflict = ", ".join(f'"{key}"' for key in keys)
        return self._through_stage(columns, f"ON CONFLICT ({conflict}) DO UPDATE SET {sets} WHERE {differs}")

    def frame(self, *names: str) -> pd.DataFrame:
        """The rows as a frame with the columns `names`; times are UTC."""
        rows = list(self.values_list(*names))
        return pd.DataFrame.from_records(rows, columns=list(names))

    def _column(self, name: str) -> str:
        return str(self.model._meta.get_field(name.removesuffix("_id")).column) if name != "id" else "id"

    def _through_stage(self, columns: Columns, conflict: str) -> int:
        cells = _texts(columns, [self._prepare(name) for name in columns])
        if not cells[0]:
            return 0
        table = self.model._meta.db_table
        names = ", ".join(f'"{self._column(name)}"' for name in columns)
        stage = f"stage_{table}"
        defaults = self._python_defaults(set(columns))
        extra = "".join(f', "{name}"' for name in defaults)
        values = "".join(", %s" for _ in defaults)
        with transaction.atomic(using=self.db), connections[self.db].cursor() as cursor:
            cursor.execute(
                f"{_TRIGGERS_ASK}; "
                f"CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0"
            )
            copying = cursor.cursor.copy(f"COPY {stage} ({names}) FROM STDIN")
            with connections[self.db].wrap_database_errors, copying as copy:
                for block in _blocks(cells):
                    copy.write(block)
            cursor.execute(
                f"INSERT INTO {table} ({names}{extra}) SELECT {names}{values} FROM {stage} {conflict}",
                [_adapt(value) for value in defaults.values()],
            )
            written = int(cursor.rowcount)
            cursor.execute(f"DROP TABLE {stage}")
        return written

    def _python_defaults(self, given: set[str]) -> dict[str, Any]:
        """Defaults that Django fills in Python, for NOT NULL columns the caller did not name."""
        return {
            field.column: field.get_db_prep_save(field.get_default(), connections[self.db])
            for field in self.model._meta.concrete_fields
            if field.attname not in given
            and field.name not in given
            and not field.primary_key
            and not field.null
            and field.db_default is models.fields.NOT_PROVIDED
        }

    def _prepare(self, name: str) -> Any:
        field = self.model._meta.get_field(name.removesuffix("_id"))
        return None if field.is_relation or isinstance(field, models.JSONField) else field.get_prep_value


def _texts(columns: Columns, prepare: Iterable[Any]) -> list[list[str]]:
    """Each column's cells as COPY's text format has them, made column by column: a row at a time costs
    three times as much."""
    lengths = {len(values) for values in columns.values() if _is_column(values)}
    if len(lengths) != 1:
        raise ValueError(f"columns need one length, got {sorted(lengths)}")
    size = lengths.pop()
    return [_column_text(values, size, prep) for values, prep in zip(columns.values(), prepare, strict=True)]


def _blocks(cells: list[list[str]]) -> Iterator[str]:
    """Lines of the table, a block at a time, so that all of them are never in memory twice."""
    for start in range(0, len(cells[0]), BLOCK_ROWS):
        cut = slice(start, start + BLOCK_ROWS)
        lines = map("\t".join, zip(*(column[cut] for column in cells), strict=True))
        yield "\n".join(lines) + "\n"


def _column_text(values: Any, size: int, prepare: Any) -> list[str]:
    if not _is_column(values):
        return _plain_texts([_adapt(values if prepare is None else prepare(values))]) * size
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        cells = values.tolist()
        if np.isfinite(values).all():
            return list(map(repr, cells))
        return [repr(cell) if math.isfinite(cell) else NULL for cell in cells]
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return list(map(str, values.tolist()))
    if isinstance(values, np.ndarray) and values.dtype.kind == "b":
        return ["t" if cell else "f" for cell in values.tolist()]
    if isinstance(values, pd.DatetimeIndex):
        return _plain_texts(list(values.to_pydatetime()))
    return _plain_texts(values)


def _plain_texts(values: Iterable[Any]) -> list[str]:
    """Texts of a column of objects. One that stands in many cells is written once and found again: a run's
    moments, words and contexts are few."""
    known: dict[int, str] = {}
    kept, texts = list(values), []
    for cell in kept:
        text = known.get(id(cell))
        if text is None:
            text = known[id(cell)] = _cell_text(_adapt(cell))
        texts.append(text)
    return texts


def _cell_text(cell: Any) -> str:
    if cell is None:
        return NULL
    if isinstance(cell, str):
        return _escaped(str.__str__(cell))
    if isinstance(cell, bool):
        return "t" if cell else "f"
    if isinstance(cell, float):
        return repr(cell)
    if isinstance(cell, int | Decimal | date | UUID):
        return str(cell)
    raise TypeError(f"{type(cell).__name__} has no text in a table")


def _escaped(text: str) -> str:
    """As COPY reads it back; PostgreSQL's texts hold no zero byte, which it would refuse itself."""
    if text.isalnum():
        return text
    return text.translate(ESCAPES)


def _is_column(values: Any) -> bool:
    return isinstance(values, list | tuple | np.ndarray | pd.Series | pd.Index)


def _adapt(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict | list | tuple):
        return dump_json(value)
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "obj") and hasattr(value, "dumps"):  # psycopg's Jsonb, from a field's default
        return dump_json(value.obj)
    return value


def dump_json(value: Any) -> str:
    """JSON text in which NaN and infinities are null, and numpy values are numbers."""
    return orjson.dumps(
        value, default=_json_default, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    ).decode()


def _json_default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
