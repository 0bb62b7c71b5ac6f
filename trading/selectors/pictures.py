"""What is to be said of portfolios: advice a holding, risk contributions, drift, and what they risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from assets.models import AssetType
from macro import selectors as macro
from sectors import selectors as sectors
from selection import selectors as selection
from selection.engine.equity import risk_contributions
from selection.models import Portfolio
from trading.engine import risk
from trading.engine.advice import Frame, Holding, Opinion, advise
from trading.engine.barriers import Direction
from trading.models import RiskProfile, TradingSignal
from trading.selectors.readings import active
from trading.selectors.standing import Held, Standing, standings

DAYS = 365
BASKET = 10
CASH = "cash"


@dataclass(frozen=True, slots=True)
class Advised:
    """One holding: its weight, what to do and why, how sure layer 3 is, its share of the portfolio's risk."""

    held: Held
    weight: float | None
    opinion: Opinion
    confidence: float | None
    signal: TradingSignal | None
    risk_share: float | None


@dataclass(frozen=True, slots=True)
class Picture:
    """One portfolio. `drift` is actual less recommended share by sector and cash, None where none is known;
    `metrics` have null and a reason where history is short."""

    standing: Standing
    holdings: tuple[Advised, ...]
    drift: dict[str, dict[str, float]] | None
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _World:
    """What holds for every portfolio, read once."""

    exposure: float | None
    targets: dict[str, float] | None
    scores: Mapping[int, Any]
    signals: Mapping[int, TradingSignal]
    columns: Mapping[int, int]
    returns: Floats
    market: Floats | None
    as_of: datetime | None


def pictures(portfolios: Sequence[Portfolio], now: datetime) -> dict[int, Picture]:
    """The picture of each, by its id; the number of queries does not grow with them."""
    stand = standings(portfolios, now)
    caps = dict(
        RiskProfile.objects.filter(user__in=[row.user_id for row in portfolios]).values_list(
            "user_id", "max_asset_exposure"
        )
    )
    world = _look(stand.values(), now)
    usual = RiskProfile._meta.get_field("max_asset_exposure").get_default()
    return {row.pk: _picture(stand[row.pk], world, caps.get(row.user_id, usual)) for row in portfolios}


def picture(portfolio: Portfolio, now: datetime) -> Picture:
    """The picture of one portfolio."""
    return pictures([portfolio], now)[portfolio.pk]


def _look(stand: Any, now: datetime) -> _World:
    held = {one.asset.pk for standing in stand for one in standing.held}
    basket = assets.supported().filter(asset_type=AssetType.CRYPTO, market_cap__gt=0)
    caps = dict(basket.order_by("-market_cap", "pk").values_list("pk", "market_cap")[:BASKET])
    panel = assets.load_panel(Timeframe.DAY, now, DAYS + 1, sorted(held | set(caps)))
    columns = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = panel.close[1:] / panel.close[:-1] - 1.0
    regime = macro.latest_regime(now)
    return _World(
        exposure=None if regime is None else regime.recommended_exposure,
        targets=_targets(now),
        scores={row.asset_id: row for row in selection.latest_scores(now) if row.asset_id in held},
        signals={row.asset_id: row for row in active().filter(asset__in=list(held))},
        columns=columns,
        returns=returns,
        market=_market(returns, columns, caps),
        as_of=panel.as_of(len(panel.times) - 1) if len(panel.times) else None,
    )


def _targets(now: datetime) -> dict[str, float] | None:
    """Recommended share by the sectors' names; what is to lie in stablecoins counts as cash."""
    rotation = sectors.latest_rotation(now)
    if rotation is None or not rotation.recommended_allocation:
        return None
    targets: dict[str, float] = {CASH: 0.0}
    for sector in sectors.sectors_ranked():
        share = rotation.recommended_allocation.get(sector.slug)
        if share is None:
            continue
        name = CASH if sector.characteristics.get("stable") else sector.name
        targets[name] = targets.get(name, 0.0) + float(share)
    return targets


def _market(returns: Floats, columns: Mapping[int, int], caps: Mapping[int, float]) -> Floats | None:
    """Return (D,) of the largest coins together, by today's market cap; None where no caps are known."""
    known = [(columns[asset], cap) for asset, cap in caps.items() if asset in columns]
    if not known:
        return None
    own = returns[:, [column for column, _cap in known]]
    weights = np.where(np.isfinite(own), np.array([cap for _column, cap in known]), 0.0)
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(total > 0, (np.nan_to_num(own) * weights).sum(axis=1) / total, np.nan)


def _picture(standing: Standing, world: _World, cap: float) -> Picture:
    equity = float(standing.equity)
    weights = [
        None if one.value is None or equity <= 0 else float(one.value) / equity for one in standing.held
    ]
    shares = _risk_shares(standing, weights, world)
    frame = Frame(sum(weight for weight in weights if weight is not None and weight > 0), world.exposure, cap)
    rows = []
    for one, weight, share in zip(standing.held, weights, shares, strict=True):
        score, signal = world.scores.get(one.asset.pk), world.signals.get(one.asset.pk)
        side = 0 if signal is None else int(Direction(signal.signal_type).sign)
        is_fresh = one.price is not None and not one.price.is_stale(standing.now)
        sign = weight if weight is not None else float(one.row.quantity > 0) - float(one.row.quantity < 0)
        seen = Holding(sign, score.recommendation if score else "", side, is_fresh)
        sure = score.confidence_score if score else None
        rows.append(Advised(one, weight, advise(seen, frame), sure, signal, share))
    return Picture(
        standing, tuple(rows), _drift(standing, weights, world), _metrics(standing, weights, world)
    )


def _risk_shares(standing: Standing, weights: Sequence[float | None], world: _World) -> list[float | None]:
    places = [world.columns.get(one.asset.pk) for one in standing.held]
    if None in places or None in weights:
        return [None] * len(places)
    shares = risk_contributions(np.array(weights, dtype=np.float64), world.returns[:, places])
    return [float(share) if np.isfinite(share) else None for share in shares]


def _drift(
    standing: Standing, weights: Sequence[float | None], world: _World
) -> dict[str, dict[str, float]] | None:
    if world.targets is None or standing.equity <= 0 or None in weights:
        return None
    actual: dict[str, float] = {CASH: float(standing.portfolio.cash / standing.equity)}
    for one, weight in zip(standing.held, weights, strict=True):
        stable = one.asset.asset_type == AssetType.STABLECOIN
        name = CASH if stable else one.asset.sector_name or _("no sector")
        actual[name] = actual.get(name, 0.0) + float(weight or 0.0)
    return {
        name: {
            "actual": actual.get(name, 0.0),
            "recommended": world.targets.get(name, 0.0),
            "drift": actual.get(name, 0.0) - world.targets.get(name, 0.0),
        }
        for name in sorted(actual.keys() | world.targets.keys())
    }


def _metrics(standing: Standing, weights: Sequence[float | None], world: _World) -> dict[str, Any]:
    """Value at risk and shortfall of a day, beta and concentration; each null has its reason."""
    metrics: dict[str, Any] = {
        "value_at_risk": None,
        "expected_shortfall": None,
        "beta": None,
        "concentration": None,
        "level": risk.LEVEL,
        "days": 0,
        "window_days": DAYS,
        "method": "historical, daily returns of today's holdings",
        "market": f"the {BASKET} largest coins by today's market cap",
        "as_of": world.as_of,
        "reasons": {},
    }
    reasons: dict[str, str] = metrics["reasons"]
    places = [world.columns.get(one.asset.pk) for one in standing.held]
    if not places:
        reasons["all"] = _("nothing is held")
        return metrics
    if None in places or None in weights:
        reasons["all"] = _("the price of a coin that is held is not known")
        return metrics
    share = np.array(weights, dtype=np.float64)
    metrics["concentration"] = risk.concentration(share)
    own = world.returns[:, places]
    together = np.isfinite(own).all(axis=1)
    earned = risk.portfolio_returns(share, own)
    metrics["days"] = len(earned)
    short = _("%(days)d days on which all coins traded are known; %(least)d are needed") % {
        "days": len(earned),
        "least": risk.LEAST_DAYS,
    }
    tail = risk.tail(earned)
    if tail is None:
        reasons["value_at_risk"] = reasons["expected_shortfall"] = short
    else:
        metrics |= {"value_at_risk": tail.value_at_risk, "expected_shortfall": tail.expected_shortfall}
    if world.market is None:
        reasons["beta"] = _("no market caps are known")
    else:
        metrics["beta"] = risk.beta(earned, world.market[together])
        if metrics["beta"] is None:
            reasons["beta"] = short
    return metrics
