"""What is said of prices: intervals for the universe at every close, and for one coin when asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model
from django.db import transaction

from aimodels import selectors
from aimodels.engine import guard, intervals
from aimodels.engine.conformal import group_of, width_at
from aimodels.engine.footing import Footing
from aimodels.engine.intervals import HORIZON_DAYS, LEVEL, SPECS, Inputs, IntervalFit, Result
from aimodels.engine.spec import ModelSpec, fit_times
from aimodels.engine.volatility import lookback as bars_of_a_coin
from aimodels.models import LayerSource, Prediction
from aimodels.services.limits import admit
from aimodels.services.serving import Served, serve
from assets import selectors as assets
from assets.engine.panel import Bools, Floats, Ints, Panel
from assets.engine.timeframe import Timeframe
from assets.models import Asset

STORED_DAYS = (1, 7)  # told of the whole universe at every close; thirty days on request
MOST_HOURS = 90 * 24
VOLATILITY = ("calm", "low", "medium", "high", "extreme")
ACCURATE_WITHIN = 5.0  # per cent
_LAST_DIGIT = Decimal("1e-18")
_EXACT_FROM = 0.01  # a float from here up has at most 18 decimals, which is what the columns keep

Context = Mapping[datetime, Mapping[str, Any]]


class PredictionError(ValueError):
    """Nothing can be said: `field` of the request, `value`, the rule it breaks and how to mend it."""

    def __init__(self, field: str, value: Any, rule: str, mend: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field, self.value, self.rule, self.mend = field, value, rule, mend


def foretell(
    *,
    timeframe: Timeframe,
    as_of: datetime,
    since: datetime | None = None,
    panel: Panel | None = None,
    context: Context | None = None,
) -> int:
    """Tell the price interval of every coin of the universe at each close from `since` to `as_of`.

    `panel` ends with the bar that closes at `as_of` and has at least `selectors.prediction_rows` rows
    (None: it is loaded). `context` by close is kept beside each prediction. Where the panel knows already
    what became of one, that is written with it. Returns the rows written: 0 when run again. Raises
    ValueError where the panel does not fit.
    """
    since = since or as_of
    need = selectors.prediction_rows(timeframe, since, as_of)
    panel = assets.load_panel(timeframe, as_of, need) if panel is None else panel
    if len(panel.times) < need or panel.as_of(len(panel.times) - 1) != as_of:
        raise ValueError(f"a panel of {len(panel.times)} rows for a run that needs {need} up to {as_of}")
    first = panel.known_at(since) - 1
    inputs = intervals.prepare(panel)
    served = {spec.name: _serve(spec, inputs, first) for spec in SPECS}
    stored = {spec.name: served[spec.name].fits for spec in SPECS if spec.horizon_days in STORED_DAYS}
    result = intervals.apply(inputs, stored, first)
    with transaction.atomic():
        return sum(
            Prediction.objects.append(columns)
            for h, spec in enumerate(SPECS)
            if spec.horizon_days in STORED_DAYS
            for columns in [_columns(_Book(inputs, result, served[spec.name], spec, h), context or {})]
            if columns
        )


def _serve(spec: ModelSpec, inputs: Inputs, first: int) -> Served[IntervalFit]:
    panel = inputs.panel
    return serve(
        spec=spec,
        timeframe=panel.timeframe,
        moments=fit_times(spec, panel, first),
        fit=lambda moment, **tuned: intervals.fit(inputs, panel.known_at(moment) - 1, spec, **tuned),
        kind=IntervalFit,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """One horizon of a run, to be written down: `h` is its place in SPECS."""

    inputs: Inputs
    result: Result
    served: Served[IntervalFit]
    spec: ModelSpec
    h: int


def _columns(book: _Book, context: Context) -> dict[str, Any]:
    """One row a member and close; empty where nothing can be said."""
    panel, first = book.inputs.panel, book.result.first
    half, price = book.result.half[book.h], panel.close[first:]
    closes = [panel.as_of(row) for row in range(first, len(panel.times))]
    stood = book.served.standing(book.spec, closes)
    silent = np.array([one.withheld for one in stood], dtype=np.bool_)
    known = book.result.members & np.isfinite(half) & (price * np.exp(-half) > 1e-17) & ~silent[:, None]
    cells = np.nonzero(known)
    rows, columns = cells
    if not len(rows):
        return {}
    at, width = price[rows, columns], half[rows, columns]
    texts = [_texts(prices) for prices in (at, at * np.exp(-width), at * np.exp(width))]
    told = [closes[row] for row in rows.tolist()]
    span = timedelta(days=book.spec.horizon_days)
    return {
        "timeframe": panel.timeframe,
        "asset_id": panel.asset_ids[columns],
        "as_of": told,
        "layer_source": LayerSource.LAYER3.value,
        "prediction_horizon": book.spec.horizon_days * 24,
        "target_datetime": [moment + span for moment in told],
        "input_price": texts[0],
        "predicted_price": texts[0],
        "lower_price": texts[1],
        "upper_price": texts[2],
        "interval_level": LEVEL,
        **_source(book.spec, stood, rows),
        **_sureness(book, cells, stood),
        **_surroundings([context.get(moment, {}) for moment in closes], rows),
        **_outcomes(book, cells, texts),
    }


def _source(spec: ModelSpec, stood: Sequence[Footing], rows: Ints) -> dict[str, Any]:
    """Which fit told each row."""
    return {
        "model_name": spec.name,
        "model_id": _by_row(rows, [one.model_id for one in stood]),
        "model_version": _by_row(rows, [one.version for one in stood]),
        "training_data_end": _by_row(rows, [one.fitted_as_of for one in stood]),
    }


def _sureness(book: _Book, cells: tuple[Ints, Ints], stood: Sequence[Footing]) -> dict[str, Any]:
    """How often such intervals have held, and what lowers that."""
    rows, columns = cells
    group = book.result.group[book.h][rows, columns]
    strange = book.result.unlike[book.h][rows, columns]
    reasons = _by_row(rows, [one.document().get("reason", "") for one in stood])
    notes = zip(reasons, _notes(strange), strict=True)
    return {
        "confidence_score": intervals.lowered(book.result.covered[book.h][rows, group], strange),
        "notes": ["; ".join(filter(None, each)) for each in notes],
        "model_parameters": _parameters(book.result, book.h, rows, group),
        "volatility_level": [VOLATILITY[number] for number in group.tolist()],
    }


def _surroundings(said: Sequence[Mapping[str, Any]], rows: Ints) -> dict[str, Any]:
    """What the layers before said at each row's close."""
    return {
        "macro_context": _by_row(rows, [dict(words) for words in said]),
        "market_conditions": _by_row(rows, [str(words.get("regime", "")) for words in said]),
    }


def _notes(strange: Floats) -> list[str]:
    """Why a confidence is lower than what such intervals have covered; "" where it is not."""
    return [
        f"unlike what was learned from by {share:.2f} (0 usual, 1 nothing like it): confidence is drawn to "
        f"{intervals.NOTHING_KNOWN} by that share"
        if share >= 0.005
        else ""
        for share in np.nan_to_num(strange).tolist()
    ]


def _by_row(rows: Ints, values: Sequence[Any]) -> list[Any]:
    return [values[row] for row in rows.tolist()]


def _parameters(result: Result, h: int, rows: Ints, group: Ints) -> list[dict[str, Any]]:
    """Group of volatility, its adapted level and what it covered; one object for all coins of a row and
    group."""
    shape = result.level[h].shape
    made = [
        [
            {
                "group": number,
                "level": float(result.level[h, row, number]),
                "covered": float(result.covered[h, row, number]),
            }
            for number in range(shape[1])
        ]
        for row in range(shape[0])
    ]
    return [made[row][number] for row, number in zip(rows.tolist(), group.tolist(), strict=True)]


def _outcomes(book: _Book, cells: tuple[Ints, Ints], texts: Sequence[list[str]]) -> dict[str, Any]:
    """Outcome columns where the panel's bars have decided: the close at the moment foretold.

    Of the digits the table keeps, as `realisation.resolve` has them when it scores later.
    """
    panel = book.inputs.panel
    rows, columns = cells
    at, low, high = (np.array([float(text) for text in column]) for column in texts)
    later = book.result.first + rows + panel.timeframe.bars(timedelta(days=book.spec.horizon_days))
    ended = later < len(panel.times)
    actual = np.full(len(rows), np.nan)
    actual[ended] = panel.close[later[ended], columns[ended]]
    known: Bools = np.isfinite(actual) & (actual > 0)
    error = np.abs(at - actual)
    share = 100.0 * error / actual
    moment = panel.as_of(len(panel.times) - 1)
    return {
        "actual_price": [text if ok else None for text, ok in zip(_texts(actual), known, strict=True)],
        "absolute_error": [text if ok else None for text, ok in zip(_texts(error), known, strict=True)],
        "squared_error": np.where(known, error * error, np.nan),
        "accuracy_percentage": np.where(known, np.maximum(0.0, 100.0 - share), np.nan),
        "is_accurate": _answers(share <= ACCURATE_WITHIN, known),
        "is_inside": _answers((actual >= low) & (actual <= high), known),
        "evaluated_at": [moment if ok else None for ok in known.tolist()],
    }


def _answers(answer: Bools, known: Bools) -> list[bool | None]:
    return [yes if ok else None for yes, ok in zip(answer.tolist(), known.tolist(), strict=True)]


def _texts(prices: Floats) -> list[str]:
    """Prices as the columns keep them, rounded as PostgreSQL does; NaN as "nan", which the caller leaves
    out.
    """
    return [
        repr(price)
        if price >= _EXACT_FROM or math.isnan(price)
        else f"{Decimal(repr(price)).quantize(_LAST_DIGIT, ROUND_HALF_UP):f}"
        for price in prices.tolist()
    ]


@transaction.atomic
def ask(*, user_id: int, asset_id: int, layer: LayerSource, hours: int, now: datetime) -> Prediction:
    """Tell one coin's price interval `hours` from its last daily close, for the user who asks.

    Whatever coin: its own bars are enough. Raises PredictionError where the coin is unknown or has too few
    bars, the horizon is not between an hour and ninety days, or no model has been fitted yet; LimitError
    where the model has told as many as it may within the hour.
    """
    if not 1 <= hours <= MOST_HOURS:
        rule = f"must lie between 1 and {MOST_HOURS} hours"
        raise PredictionError(
            "prediction_horizon", hours, rule, "Send a whole number of hours in that range."
        )
    asset = Asset.objects.filter(pk=asset_id).first()
    if asset is None:
        raise PredictionError("crypto_id", asset_id, "is not a coin that is known", "Send the id of a coin.")
    timeframe = Timeframe.DAY
    as_of = assets.last_close(timeframe, now)
    if as_of is None:
        raise PredictionError("crypto_id", asset_id, "has no daily candles", "Import candles first.")
    panel = assets.load_panel(timeframe, as_of, bars_of_a_coin(timeframe) + 2, assets=[asset_id])
    inputs = intervals.prepare(panel)
    fits = selectors.newest_fits(SPECS, timeframe, as_of, IntervalFit)
    half, used = _one(inputs, fits, as_of, hours)
    if not np.isfinite(half):
        rule = "has too few daily candles up to the last close"
        mend = "Import a month of candles up to now, or ask for another coin."
        raise PredictionError("crypto_id", asset_id, rule, mend)
    get_user_model().objects.get(pk=user_id)
    admit(model_id=used["model_id"], now=now)
    return _keep(asset, user_id, layer, as_of, hours, float(panel.close[-1, 0]), half, used)


def _one(
    inputs: Inputs, fits: Mapping[str, tuple[int, str, datetime, IntervalFit]], as_of: datetime, hours: int
) -> tuple[float, dict[str, Any]]:
    """Half width at `hours`, and what it was made from. Raises PredictionError without a model."""
    missing = [spec.name for spec in SPECS if spec.name not in fits]
    if missing:
        rule = f"cannot be told: no fit of {', '.join(missing)} yet"
        mend = "Run the pipeline once there are two years of daily candles."
        raise PredictionError("prediction_horizon", hours, rule, mend)
    _refuse_silent(tuple(fits), inputs.panel.timeframe, as_of, hours)
    if inputs.panel.shape[1] == 0 or not np.isfinite(inputs.panel.close[-1]).all():
        return float("nan"), {}
    last = slice(len(inputs.panel.times) - 1, None)
    halves, groups, strange = [], [], []
    for spec in SPECS:
        fit = fits[spec.name][3]
        scale = intervals.scales(inputs, fit.scale, last, spec.horizon_days)[0, 0]
        group = int(group_of(fit.widths.edges, np.array([scale]))[0])
        level = selectors.adapted_level(spec.name, inputs.panel.timeframe, as_of, group) or LEVEL
        halves.append(float(scale * width_at(fit.widths, max(group, 0), level)))
        groups.append(group)
        strange.append(_unlike(inputs, fit, spec))
    place = next((h for h, days in enumerate(HORIZON_DAYS) if hours <= 24 * days), len(SPECS) - 1)
    spec = SPECS[place]
    model_id, version, fitted, _ = fits[spec.name]
    names = dict(zip(spec.features, [*inputs.features[:, -1, 0].tolist()], strict=False))
    frame = inputs.panel.timeframe
    found = selectors.measured_coverage(spec.name, frame, as_of, groups[place])
    covered = float("nan") if found is None else found
    used = {
        "model_id": model_id,
        "model_name": spec.name,
        "model_version": version,
        "training_data_end": fitted,
        "input_features": {name: value for name, value in names.items() if np.isfinite(value)},
        "features_used": list(spec.features),
        "model_parameters": {"group": groups[place]},
        "volatility_level": VOLATILITY[max(groups[place], 0)],
        "confidence_score": float(intervals.lowered(np.float64(covered), np.float64(strange[place]))),
        "notes": _notes(np.array([strange[place]]))[0],
    }
    return float(intervals.half_at(np.array(halves), hours)), used


def _refuse_silent(names: tuple[str, ...], timeframe: Timeframe, as_of: datetime, hours: int) -> None:
    """Raise PredictionError where a model that would have to speak may not, by the clock of the close."""
    for stands in selectors.standings(timeframe, as_of, names).values():
        if stands.withheld:
            rule = f"cannot be told: {stands.name}: {stands.reason}"
            mend = f"Train it: manage.py train_models {stands.name}."
            raise PredictionError("prediction_horizon", hours, rule, mend)


def _unlike(inputs: Inputs, fit: IntervalFit, spec: ModelSpec) -> float:
    """How unlike what was learned from the last bar of the only coin is."""
    bars = inputs.panel.timeframe.bars(timedelta(days=spec.horizon_days))
    last = np.array([len(inputs.panel.times) - 1])
    x = intervals.gather(inputs, last, np.array([0]), bars)
    return float(guard.unlike(fit.seen, x)[0])


def _keep(
    asset: Asset,
    user_id: int,
    layer: LayerSource,
    as_of: datetime,
    hours: int,
    price: float,
    half: float,
    used: dict[str, Any],
) -> Prediction:
    texts = _texts(price * np.exp(np.array([0.0, -half, half])))
    made = Prediction.objects.create(
        asset=asset,
        user_id=user_id,
        timeframe=Timeframe.DAY,
        as_of=as_of,
        layer_source=layer,
        prediction_horizon=hours,
        target_datetime=as_of + timedelta(hours=hours),
        input_price=texts[0],
        predicted_price=texts[0],
        lower_price=texts[1],
        upper_price=texts[2],
        interval_level=LEVEL,
        **used,
    )
    made.refresh_from_db()
    return made
