"""What the database itself guarantees: value checks, append-only rows, update times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pgtrigger
from django.db import migrations, models
from pgtrigger.migrations import AddTrigger


def one_of(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """CHECK that `field` holds one of the words of `choices`."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": choices.values}),
        name=f"%(app_label)s_%(class)s_{field}_known",
    )


def within(field: str, low: float | None = None, high: float | None = None) -> models.CheckConstraint:
    """CHECK low <= field <= high; NULL passes, NaN does not where `high` is given."""
    limits = {"gte": low, "lte": high}
    condition = {f"{field}__{lookup}": limit for lookup, limit in limits.items() if limit is not None}
    return models.CheckConstraint(
        condition=models.Q(**condition), name=f"%(app_label)s_%(class)s_{field}_range"
    )


def positive(field: str) -> models.CheckConstraint:
    """CHECK field > 0; NULL passes."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__gt": 0}), name=f"%(app_label)s_%(class)s_{field}_positive"
    )


def unique(*names: str) -> models.UniqueConstraint:
    """UNIQUE over the fields, named after them."""
    return models.UniqueConstraint(fields=names, name=f"%(app_label)s_%(class)s_unique_{'_'.join(names)}")


def touch() -> pgtrigger.Trigger:
    """`updated_at` is the database's: bulk updates and COPY pass `auto_now` by."""
    return pgtrigger.Trigger(
        name="touch",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func="NEW.updated_at = NOW(); RETURN NEW;",
    )


def append_only(fill_once: Iterable[str] = (), free: Iterable[str] = ()) -> list[pgtrigger.Trigger]:
    """No DELETE; no UPDATE but of `fill_once` (from NULL, once) and `free` columns.

    Names are database columns. The refusal is SQLSTATE P0001 with the table's name.
    """
    once, open_ = tuple(fill_once), tuple(free)
    listed = ", ".join(f"'{name}'" for name in once + open_)
    keep = f" - ARRAY[{listed}]" if listed else ""
    refilled = "".join(
        f" OR (OLD.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})" for name in once
    )
    return [
        pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
        pgtrigger.Trigger(
            name="append_only",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            func=(
                f"IF (to_jsonb(NEW){keep}) IS DISTINCT FROM (to_jsonb(OLD){keep}){refilled} THEN "
                "RAISE EXCEPTION 'append-only: a record of % cannot be altered', TG_TABLE_NAME; "
                "END IF; RETURN NEW;"
            ),
        ),
    ]


class CreatePartitionedModel(migrations.CreateModel):
    """CREATE TABLE ... PARTITION BY LIST (`by`) with one partition for each of `values`.

    With `then_by` each of these is itself partitioned by range of that column, its partitions to be
    made on demand. A partition is named after its table and value: `assets_candle_t6`.
    """

    def __init__(self, *args: Any, by: str, values: Iterable[int], then_by: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.values, self.then_by = by, list(values), then_by

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "by": self.by, "values": self.values, "then_by": self.then_by}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        table = model._meta.db_table
        sql, params = schema_editor.table_sql(model)
        schema_editor.execute(f"{sql} PARTITION BY LIST ({self.by})", params or None)
        below = f" PARTITION BY RANGE ({self.then_by})" if self.then_by else ""
        for value in self.values:
            schema_editor.execute(
                f"CREATE TABLE {table}_t{value} PARTITION OF {table} FOR VALUES IN ({value}){below}"
            )


class CreateTables(migrations.operations.base.Operation):
    """An app's first tables, with all that belongs to them, as one step.

    `operations` are those that `makemigrations` writes: models, fields, constraints, indexes, triggers.
    Django renders every model of the project anew after each of them, which takes most of the time of a
    first `migrate`; here the state is rendered once, and each table is made whole, as it stands after the
    last of them.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, operations: Iterable[Any]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        return type(self).__name__, [], {"operations": self.operations}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)  # rendered when it is next asked for, not after each operation
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in self._of(migrations.CreateModel, AddTrigger):
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in reversed(self._of(AddTrigger)):
            operation.database_backwards(app_label, schema_editor, to_state, from_state)
        for operation in reversed(self._of(migrations.CreateModel)):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        names = ", ".join(operation.name for operation in self._of(migrations.CreateModel))
        return f"Create tables {names}"

    def _of(self, *kinds: type) -> list[Any]:
        return [operation for operation in self.operations if isinstance(operation, kinds)]
