"""The layers upstream, as this layer's tests know them: they say nothing unless a test lets them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from sectors.engine import Membership
from selection.services import scores


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sectors, taken in turn by the coins, with the market's own momentum; exposure is not known."""

    def momentum(panel: Panel) -> Floats:
        return np.broadcast_to(np.where(np.arange(panel.shape[1]) % 2, 0.5, -0.5), panel.shape).copy()

    def membership(ids: Any, ranked: Any = None) -> Membership:
        return Membership(("a", "b"), np.eye(2)[np.arange(len(ids)) % 2], np.zeros(2, dtype=np.bool_))

    def homes(ids: Any, ranked: Any = None) -> Any:
        return np.arange(len(ids)) % 2

    def warm(timeframe: Timeframe) -> int:
        return 500

    def unknown(timeframe: Timeframe, times: Any) -> Floats:
        return np.full(len(times), np.nan)

    monkeypatch.setattr(scores.sectors, "asset_sector_momentum", momentum)
    monkeypatch.setattr(scores.sectors, "asset_sector_momentum_rows", warm)
    monkeypatch.setattr(scores.sectors, "sectors_ranked", list)
    monkeypatch.setattr(scores.sectors, "membership", membership)
    monkeypatch.setattr(scores.sectors, "homes", homes)
    monkeypatch.setattr(scores.macro, "exposures", unknown)


@pytest.fixture(autouse=True)
def _static_files_from_the_source(settings: Any) -> None:
    """Pages are tested without a collectstatic before it."""
    settings.WHITENOISE_AUTOREFRESH = True
