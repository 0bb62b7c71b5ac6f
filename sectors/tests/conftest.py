from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest

from assets.engine.panel import Floats
from sectors.engine import Inputs, SectorFit, SectorResult, apply, fit_all, prepare
from sectors.tests.simulated import QUICK, market


@dataclass(frozen=True)
class Run:
    """One long simulated run of the engine, shared by the tests that only look at it."""

    inputs: Inputs
    fits: dict[str, dict[datetime, SectorFit]]
    result: SectorResult
    exposure: Floats
    first: int


@pytest.fixture(scope="session")
def long_run() -> Run:
    """800 days, of which the last 400 are analysed."""
    candles, membership = market(800)
    exposure = 0.5 + 0.5 * np.sin(np.arange(800) / 40)
    inputs = prepare(candles, membership, exposure, QUICK)
    fits = fit_all(inputs, 400)
    return Run(inputs, fits, apply(inputs, fits, 400), exposure, 400)
