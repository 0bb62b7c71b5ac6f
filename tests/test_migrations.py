"""Every table of the product can be taken away again and made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

OURS = [config.label for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR]


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A migrated database that no other test looks at."""
    name, template = connection.settings_dict["NAME"], connection.settings_dict["TEST"]["TEMPLATE"]
    own = f"{name}_migrations"
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {own} TEMPLATE {template}")
        connection.close()
        connection.settings_dict["NAME"] = own
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = name
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {own}")


MADE = {
    "columns": """
        SELECT c.relname, c.relkind, c.relispartition, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "constraints": """
        SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


def schema() -> dict[str, list[str]]:
    """What migrations make, as PostgreSQL describes it."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in MADE.items():
            cursor.execute(query)
            found[name] = sorted(map(repr, cursor.fetchall()))
    return found


@pytest.mark.usefixtures("own_database")
def test_every_app_goes_back_to_nothing_and_forward_to_the_same_schema() -> None:
    before = schema()
    ours = {
        model._meta.db_table
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
    assert ours <= set(connection.introspection.table_names())
    back = MigrationExecutor(connection)
    back.migrate([(label, None) for label in OURS])
    assert not ours & set(connection.introspection.table_names())
    forward = MigrationExecutor(connection)
    forward.migrate(forward.loader.graph.leaf_nodes())
    assert schema() == before
