"""The run's candidates and signals as columns of the tables. NaN becomes NULL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aimodels.engine.footing import Footing
from aimodels.engine.spec import serving
from aimodels.services import Served
from assets.models import Asset
from trading.engine import (
    DIRECTIONS,
    HORIZON_DAYS,
    OUTCOMES,
    RISK_LEVELS,
    SPECS,
    Inputs,
    Result,
    TimingFit,
    explain,
)
from trading.engine.barriers import OPEN
from trading.engine.levels import horizon_bars
from trading.models import SignalStatus
from trading.services.candidates import Weighed

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """A run to be written down. `served` by the name of the model."""

    inputs: Inputs
    result: Result
    weighed: Weighed
    served: Mapping[str, Served[TimingFit]]

    def closes(self) -> list[datetime]:
        """The close of each candidate's bar."""
        panel = self.inputs.panel
        moments = [panel.as_of(row) for row in range(self.result.first, len(panel.times))]
        return [moments[row] for row in self.weighed.rows.tolist()]

    def owners(self) -> list[list[datetime]]:
        """Moment of the fit that serves each row of the result, by side."""
        out = []
        for spec in SPECS:
            spans = serving(spec, self.inputs.panel, self.result.first).items()
            out.append([moment for moment, rows in spans for _ in range(rows.start, rows.stop)])
        return out

    def stood(self) -> list[list[Footing]]:
        """What each row of the result stood on, by side."""
        return standing(self.inputs, self.served, self.result.first)


def standing(inputs: Inputs, served: Mapping[str, Served[TimingFit]], first: int) -> list[list[Footing]]:
    """What each row from `first` on stands on, by side."""
    closes = [inputs.panel.as_of(row) for row in range(first, len(inputs.panel.times))]
    return [served[spec.name].standing(spec, closes) for spec in SPECS]


def candidates(book: Book) -> Columns:
    """One row a candidate, its outcome where the run's bars have decided it already."""
    weighed, result = book.weighed, book.result
    cells = (weighed.sides, weighed.rows, weighed.columns)
    open_signal = weighed.issued != result.issued[cells]
    return {
        **_plans(book),
        "probability": result.probability[cells],
        "base_rate": result.base_rate[weighed.sides, weighed.rows],
        "break_even": result.break_even[cells],
        "expected_value": result.expected_value[cells],
        "is_issued": weighed.issued,
        "refusal": weighed.refusals,
        "refusal_value": np.where(open_signal, np.nan, result.refusal_value[cells]),
        "refusal_limit": np.where(open_signal, np.nan, result.refusal_limit[cells]),
        "outcome": _outcomes(weighed),
        "return_r": weighed.ended.return_r,
    }


def signals(book: Book, assets: Mapping[int, Asset], newest: datetime | None) -> Columns:
    """One row an issued candidate, with what stands behind it.

    The tier is that of now, so only a signal of the close `newest` has one.
    """
    weighed, result, panel = book.weighed, book.result, book.inputs.panel
    issued = np.flatnonzero(weighed.issued).tolist()
    cells = (weighed.sides[issued], weighed.rows[issued], weighed.columns[issued])
    span = horizon_bars(panel.timeframe) * panel.timeframe.delta
    plans = {name: _taken(column, issued) for name, column in _plans(book).items()}
    coins = [assets[int(asset)] for asset in plans["asset_id"]]
    owners, stood = book.owners(), book.stood()
    footings = [stood[side][row] for side, row, _ in zip(*cells, strict=True)]
    told = [_told(book, owners, i) for i in issued]
    outcomes = _taken(_outcomes(weighed), issued)
    return {
        **plans,
        "model_id": [one.model_id for one in footings],
        "confidence_score": result.probability[cells],
        "break_even": result.break_even[cells],
        "base_rate": result.base_rate[cells[:2]],
        "expected_value": result.expected_value[cells],
        "risk_level": [RISK_LEVELS[code].value for code in result.risk_level[cells]],
        "risk_reward_ratio": result.risk_reward[cells],
        "time_horizon_hours": HORIZON_DAYS * 24,
        "watchlist_tier": [
            coin.watchlist_tier if moment == newest else ""
            for coin, moment in zip(coins, plans["as_of"], strict=True)
        ],
        "ai_analysis": [
            {**analysis, **({"model": one.document()} if one.document() else {})}
            for (analysis, _), one in zip(told, footings, strict=True)
        ],
        "market_context": [
            {**context, "sector": coin.sector_name} for coin, (_, context) in zip(coins, told, strict=True)
        ],
        "status": [SignalStatus.EXPIRED if ended else SignalStatus.ACTIVE for ended in outcomes],
        "generated_at": plans["as_of"],
        "expires_at": [moment + span for moment in plans["as_of"]],
        "outcome": outcomes,
        "exit_price": weighed.ended.exit_price[issued],
        "return_r": weighed.ended.return_r[issued],
        "closed_at": _ends(book, plans["as_of"], issued),
    }


def _plans(book: Book) -> Columns:
    weighed = book.weighed
    sides = [direction.value for direction in DIRECTIONS]
    return {
        "timeframe": book.inputs.panel.timeframe,
        "as_of": book.closes(),
        "asset_id": book.inputs.panel.asset_ids[weighed.columns],
        "signal_type": [sides[side] for side in weighed.sides.tolist()],
        "entry_price": weighed.entry,
        "target_price": weighed.target,
        "stop_loss": weighed.stop,
    }


def _taken(column: Any, places: list[int]) -> Any:
    if isinstance(column, np.ndarray):
        return column[places]
    return [column[i] for i in places] if isinstance(column, list) else column


def _outcomes(weighed: Weighed) -> list[str | None]:
    words = [None if code == OPEN else outcome.value for code, outcome in enumerate(OUTCOMES)]
    return [words[code] for code in weighed.ended.code.tolist()]


def _ends(book: Book, closes: list[datetime], issued: list[int]) -> list[datetime | None]:
    delta: timedelta = book.inputs.panel.timeframe.delta
    ended = book.weighed.ended
    return [
        None if ended.code[i] == OPEN else moment + int(ended.offset[i]) * delta
        for i, moment in zip(issued, closes, strict=True)
    ]


def _told(book: Book, owners: list[list[datetime]], i: int) -> tuple[Columns, Columns]:
    """The analysis behind candidate `i` and its market context, as the table keeps them."""
    weighed, result = book.weighed, book.result
    side, row, column = int(weighed.sides[i]), int(weighed.rows[i]), int(weighed.columns[i])
    fit = book.served[SPECS[side].name].fits[owners[side][row]]
    said = explain(book.inputs, result, fit, (row, column), DIRECTIONS[side])
    analysis = {
        "key_factors": [asdict(factor) for factor in said.key_factors],
        "probability_analysis": said.probability_analysis,
        "calibration_skill": said.calibration_skill,
        "trust": said.trust,
        "unlike_training": said.unlike_training,
        "proof": asdict(said.proof),
        "position_share": float(result.position_share[side, row, column]),
        "stop_share": float(result.stop_share[side, row, column]),
    }
    return analysis, dict(said.market_context)
