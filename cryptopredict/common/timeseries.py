"""Rows in, frames out: large appends and merges go through COPY, whatever the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pandas as pd
from django.db import connections, models, transaction

Columns = Mapping[str, Any]


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
        rows = list(_rows(columns, [self._prepare(name) for name in columns]))
        if not rows:
            return 0
        table = self.model._meta.db_table
        names = ", ".join(f'"{self._column(name)}"' for name in columns)
        stage = f"stage_{table}"
        defaults = self._python_defaults(set(columns))
        extra = "".join(f', "{name}"' for name in defaults)
        values = "".join(", %s" for _ in defaults)
        with transaction.atomic(using=self.db), connections[self.db].cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")
            copying = cursor.cursor.copy(f"COPY {stage} ({names}) FROM STDIN")
            with connections[self.db].wrap_database_errors, copying as copy:
                for row in rows:
                    copy.write_row(row)
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


def _rows(columns: Columns, prepare: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    lengths = {len(values) for values in columns.values() if _is_column(values)}
    if len(lengths) != 1:
        raise ValueError(f"columns need one length, got {sorted(lengths)}")
    size = lengths.pop()
    return zip(
        *(_cells(values, size, prep) for values, prep in zip(columns.values(), prepare, strict=True)),
        strict=True,
    )


def _is_column(values: Any) -> bool:
    return isinstance(values, list | tuple | np.ndarray | pd.Series | pd.Index)


def _cells(values: Any, size: int, prepare: Any) -> list[Any]:
    if not _is_column(values):
        return [_adapt(values if prepare is None else prepare(values))] * size
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        cells: list[Any] = values.tolist()
        return [cell if math.isfinite(cell) else None for cell in cells]
    if isinstance(values, np.ndarray) and values.dtype.kind in "iub":
        return list(values.tolist())
    if isinstance(values, pd.DatetimeIndex):
        return list(values.to_pydatetime())
    return [_adapt(cell) for cell in values]


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
