from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pytest

from assets.tests.factories import make_market
from assets.tests.stored import store_panel
from cryptopredict.common import realtime
from trading import engine
from trading.services import stage


@dataclass(frozen=True)
class Stored:
    first: datetime
    last: datetime


@pytest.fixture(autouse=True)
def _static_files_from_the_source(settings: Any) -> None:
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def store() -> Callable[..., Stored]:
    """Puts a simulated market into the database."""

    def stored(bars: int = 500, count: int = 20) -> Stored:
        panel = make_market(bars, count).panel
        store_panel(panel)
        return Stored(panel.as_of(0), panel.as_of(bars - 1))

    return stored


@pytest.fixture
def market(store: Callable[..., Stored]) -> Stored:
    return store()


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every candidate of every third coin that a model has weighed is issued: honest ones are rare."""
    real = stage.apply

    def apply(inputs: engine.Inputs, fits: Any, first: int) -> engine.Result:
        result = real(inputs, fits, first)
        third = (result.asset_ids - result.asset_ids.min()) % 3 == 0  # ids run on from test to test
        chosen = third & np.isfinite(result.probability)
        passed = chosen & (result.refusal >= 0)
        return replace(
            result,
            refusal=np.where(passed, 0, result.refusal).astype(np.int8),
            refusal_value=np.where(passed, np.nan, result.refusal_value),
            refusal_limit=np.where(passed, np.nan, result.refusal_limit),
        )

    monkeypatch.setattr(stage, "apply", apply)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """What really left for Redis: the topic and its data."""
    said: list[tuple[str, list[Any]]] = []

    def send(name: str, before: bytes, after: bytes, *_more: Any) -> None:
        message = orjson.loads(before + b"1" + after)
        said.append((message["topic"], message["data"]))

    monkeypatch.setattr(realtime, "_send", send)
    return said
