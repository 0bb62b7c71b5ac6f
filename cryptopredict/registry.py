"""Every model of the product, as its layer declares it: the one place that knows them all.

`settings.MODEL_CATALOGUE` names `CATALOGUE`; the registry, which stands upstream of the layers, finds it
there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from aimodels.engine import interval_figures, intervals
from aimodels.engine.figures import Figure, Span
from aimodels.engine.registry import Declared, Ground
from aimodels.engine.spec import ModelSpec
from aimodels.words import feature_name as interval_word
from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from cryptopredict import lookahead
from cryptopredict.lookahead import Market
from macro import engine as macro
from macro.engine import figures as macro_figures
from macro.engine import regime as macro_regime
from macro.words import feature_name as macro_word
from sectors import engine as sectors
from sectors.engine import figures as sector_figures
from sectors.engine import layer as sector_layer
from sectors.words import feature_name as sector_word
from selection import engine as selection
from selection.engine import figures as selection_figures
from selection.engine import score as selection_score
from selection.words import feature_name as selection_word
from trading import engine as trading
from trading.engine import figures as trading_figures
from trading.engine import probability as trading_probability
from trading.engine import tail as trading_tail
from trading.words import feature_name as trading_word

Inputs = dict[str, Any]


@dataclass(slots=True, eq=False)
class Workshop:
    """A market and the layers' inputs made from it, each when it is first asked for."""

    market: Market
    fits: dict[str, Mapping[datetime, Any]] = field(default_factory=dict)
    _inputs: Inputs = field(default_factory=dict)
    _upstream: dict[int, trading.Upstream] = field(default_factory=dict)

    @property
    def panel(self) -> Panel:
        return self.market.panel

    def inputs(self, layer: str) -> Any:
        """What the layer makes of the market before a model is asked; no layer's fit reads another's."""
        if layer not in self._inputs:
            self._inputs[layer] = PREPARE[layer](self.market)
        return self._inputs[layer]

    def upstream(self, first: int) -> trading.Upstream:
        """What macro and selection said of rows `first` on, by the fits put into `fits`."""
        if first not in self._upstream:
            state = macro.apply(self.inputs("macro"), _only(self.fits, macro.SPECS), first)
            scores = selection.apply(self.inputs("selection"), _only(self.fits, (selection.WEEK,)), first)
            words = [str(macro.REGIMES[n]) if n >= 0 else "" for n in state.regime]
            self._upstream[first] = trading.Upstream.of(
                self.panel,
                exposure=state.recommended_exposure,
                regime=np.asarray(words),
                score=scores.week.percentile,
            )
        return self._upstream[first]


def _only(fits: Mapping[str, Mapping[datetime, Any]], specs: Any) -> dict[str, Mapping[datetime, Any]]:
    return {spec.name: fits.get(spec.name, {}) for spec in specs}


def _selection(market: Market) -> selection.Inputs:
    strength = sectors.home_momentum(market.panel, market.membership, market.homes)
    return selection.prepare(market.panel, selection.Context(sector_strength=strength))


PREPARE: Mapping[str, Callable[[Market], Any]] = {
    "macro": lambda market: macro.prepare(market.panel, market.series),
    "sectors": lambda market: sectors.prepare(market.panel, market.membership),
    "selection": _selection,
    "trading": lambda market: trading.prepare(market.panel),
    "predictions": lambda market: intervals.prepare(market.panel),
}


def _judge_macro(ground: Ground, fits: Mapping[datetime, Any], span: Span) -> tuple[Figure, ...]:
    return macro_figures.figures(ground.panel, ground.inputs("macro"), fits, span)


def _judge_trading(
    ground: Workshop, fits: Mapping[datetime, Any], span: Span, direction: trading.Direction
) -> tuple[Figure, ...]:
    inputs = replace(ground.inputs("trading"), upstream=ground.upstream(span.first))
    return trading_figures.figures(direction, inputs, fits, span)


def _declared() -> list[Declared]:
    return [
        _regime(),
        *map(_sector, sectors.SPECS, (sectors.RotationFit, sectors.OutlookFit)),
        *map(_score, selection.SPECS),
        *(_timing(spec, side) for spec, side in zip(trading.SPECS, trading.DIRECTIONS, strict=True)),
        *map(_interval, intervals.SPECS),
    ]


def _regime() -> Declared:
    (spec,) = macro.SPECS
    return Declared(
        spec,
        macro.RegimeFit,
        "macro",
        macro.learn,
        _judge_macro,
        macro_figures.observe,
        hyperparameters=macro_regime.HYPERPARAMETERS,
    )


def _sector(spec: ModelSpec, kind: type[Any]) -> Declared:
    return Declared(
        spec,
        kind,
        "sectors",
        partial(sectors.fit, spec),
        lambda ground, fits, span: sector_figures.figures(spec, ground.inputs("sectors"), fits, span),
        partial(sector_figures.observe, spec),
        hyperparameters=sector_layer.HYPERPARAMETERS[spec.name],
    )


def _score(spec: ModelSpec) -> Declared:
    return Declared(
        spec,
        selection.ScoreFit,
        "selection",
        partial(selection.fit, spec=spec),
        lambda ground, fits, span: selection_figures.figures(spec, ground.inputs("selection"), fits, span),
        selection_figures.observe,
        hyperparameters=selection_score.HYPERPARAMETERS,
    )


def _timing(spec: ModelSpec, direction: trading.Direction) -> Declared:
    return Declared(
        spec,
        trading.FITS[spec.name],
        "trading",
        trading.LEARN[spec.name],
        partial(_judge_trading, direction=direction),
        partial(trading_figures.observe, direction),
        needs=(macro.SPECS[0].name, selection.WEEK.name),
        hyperparameters=trading_probability.HYPERPARAMETERS,
        coverage=lambda fit: trading_tail.curve(fit.coverage),
    )


def _interval(spec: ModelSpec) -> Declared:
    return Declared(
        spec,
        intervals.IntervalFit,
        "predictions",
        partial(intervals.fit, spec=spec),
        lambda ground, fits, span: interval_figures.figures(spec, ground.inputs("predictions"), fits, span),
        partial(interval_figures.observe, spec),
        hyperparameters=intervals.HYPERPARAMETERS,
    )


LOOKBACK: Mapping[str, Callable[[Timeframe], int]] = {
    "macro": macro.lookback,
    "sectors": sectors.lookback,
    "selection": selection.lookback,
    "trading": trading.lookback,
    "predictions": intervals.lookback,
}


WORDS: Mapping[str, Callable[[str], str]] = {
    "macro": macro_word,
    "sectors": sector_word,
    "selection": selection_word,
    "trading": trading_word,
    "predictions": interval_word,
}


class Catalogue:
    """The models in the order of the funnel, and the user's market to teach them on."""

    models: Mapping[str, Declared] = {
        one.spec.name: replace(one, feature_word=WORDS[one.layer]) for one in _declared()
    }

    def ground(
        self, timeframe: Timeframe, as_of: datetime, since: datetime, names: tuple[str, ...]
    ) -> Workshop:
        """The stored market up to `as_of`, long enough to fit and judge `names` from `since` on."""
        last = assets.last_close(timeframe, as_of)
        if last is None:
            raise ValueError(f"no {timeframe} candles are known at {as_of:%Y-%m-%d %H:%M} UTC")
        rows = 0
        for name in names:
            spec, layer = self.models[name].spec, self.models[name].layer
            warm = timeframe.bars(timedelta(days=spec.train_days + spec.refit_days))
            rows = max(rows, LOOKBACK[layer](timeframe) + warm)
        return Workshop(lookahead.load(timeframe, last, rows + timeframe.bars(last - since) + 1))


CATALOGUE = Catalogue()
