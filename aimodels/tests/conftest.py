"""The toy model stands in the registry where a test asks for `toys`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aimodels.tests import toys as toy_models


@pytest.fixture
def toys(settings: object) -> Iterator[toy_models.ToyCatalogue]:
    settings.MODEL_CATALOGUE = "aimodels.tests.toys.CATALOGUE"  # type: ignore[attr-defined]
    toy_models.CATALOGUE.use(toy_models.inputs())
    yield toy_models.CATALOGUE
