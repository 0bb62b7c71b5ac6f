"""Everything the layer derives from candles, for all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from sectors.engine import contest, flows, index, race, strength
from sectors.engine.contest import Contest
from sectors.engine.index import SectorIndex
from sectors.engine.membership import Membership
from sectors.engine.params import Params
from sectors.engine.race import Race
from sectors.engine.strength import Strength


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Features and labels of all rows of `panel`. `exposure` (T,) is what macro recommends, if anything."""

    panel: Panel
    membership: Membership
    exposure: Floats | None
    params: Params
    index: SectorIndex
    strength: Strength
    flow: Floats
    race: Race
    contest: Contest


def lookback(timeframe: Timeframe, params: Params | None = None) -> int:
    """Rows before the first result, or first training row, that make it independent of earlier history."""
    params = params or Params()
    ground = max(params.caps.carry_days, params.universe.least_days) + params.calm_cap_days + params.gap_days
    graph = 2 * params.strength_days + 2 * params.strength_change_days
    lead = params.leader_days + race.HORIZON_DAYS + race.CHURN_DAYS
    held = timeframe.bars(params.rebalance.delta)
    steady = max(params.steady_days, *params.momentum_days, params.allocation_days)
    longest = max(graph, lead, race.NOISE_DAYS, steady, params.flow_days, params.breadth_days)
    return timeframe.bars(timedelta(days=ground + longest)) + held + 2


def prepare(
    panel: Panel,
    membership: Membership,
    exposure: Floats | None = None,
    params: Params | None = None,
) -> Inputs:
    """Compute the inputs. Raises ValueError where membership or exposure do not fit the panel."""
    params = params or Params()
    rows, coins = panel.shape
    if len(membership.weights) != coins:
        raise ValueError(f"membership of {len(membership.weights)} coins for a panel of {coins}")
    if exposure is not None and exposure.shape != (rows,):
        raise ValueError(f"exposure {exposure.shape} for a panel of {rows} rows")
    series = index.build(panel, membership, params)
    timeframe, risky = panel.timeframe, membership.risky
    force = strength.measure(series, risky, timeframe, params)
    return Inputs(
        panel=panel,
        membership=membership,
        exposure=exposure,
        params=params,
        index=series,
        strength=force,
        flow=flows.net(panel, series, membership, params),
        race=race.run(series, risky, timeframe, params),
        contest=contest.observe(series, force, risky, timeframe, params),
    )
