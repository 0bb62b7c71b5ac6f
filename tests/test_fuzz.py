"""Whatever is sent, within the schema or beside it: no bug shows, and every answer is one that is documented.

Bounded here; `make fuzz` sends as many cases as FUZZ_EXAMPLES says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cryptopredict.common.restapi.openapi import document
from tests.world import World, build

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
IS_LONG = "FUZZ_EXAMPLES" in os.environ
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("casual", "admin")
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def operations() -> list[Any]:
    """Every operation of the schema, as a program would read it."""
    schema = schemathesis.openapi.from_dict(document("en"))
    schema.app = get_wsgi_application()
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:  # the server's end of a request would close the tests' connection
        signal.disconnect(close_old_connections)
    with django_db_blocker.unblock(), transaction.atomic():
        try:
            yield build()
        finally:
            transaction.set_rollback(True)
            for signal in ends:
                signal.connect(close_old_connections)


def asked() -> list[Any]:
    """Each operation in both modes; in the bounded run in one, turn by turn."""
    found = enumerate(operations())
    return [
        pytest.param(operation, mode, id=f"{operation.label}-{mode.value}")
        for number, operation in found
        for place, mode in enumerate(MODES)
        if IS_LONG or number % 2 == place
    ]


@pytest.mark.parametrize(("operation", "mode"), asked())
def test_no_bug_and_no_undocumented_answer(
    operation: Any, mode: Any, built: World, db: None, settings: Any
) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    existing = {
        "sector_id": built.sectors[0].pk,
        "crypto_id": built.asset.pk,
        "watchlist_id": built.own["casual"].pk,
        "item_id": built.items["casual"].pk,
        "notification_id": built.messages["casual"],
        "signal_id": built.signal.pk,
    }
    _send(operation, mode, built, existing)


def _send(operation: Any, mode: Any, world: World, existing: dict[str, int]) -> None:
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=not IS_LONG,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans(), role=st.sampled_from(ROLES))
    def run(case: Any, real: bool, role: str) -> None:
        if real:  # random ids hardly ever exist
            for name in set(case.path_parameters or {}) & set(existing):
                case.path_parameters[name] = existing[name]
        with transaction.atomic():  # what one case writes is not there for the next
            case.call_and_validate(headers={"Authorization": f"Token {world.tokens[role]}"}, checks=CHECKS)
            transaction.set_rollback(True)

    try:
        run()
    except Unsatisfiable:  # an address that takes nothing cannot be asked wrongly
        assert mode is GenerationMode.NEGATIVE
