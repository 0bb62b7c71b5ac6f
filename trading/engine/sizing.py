"""How much to put behind a signal, as a share of the portfolio. Shapes broadcast, NaN stays NaN."""

from __future__ import annotations

import numpy as np

from assets.engine.panel import Floats


def fixed_fraction(risk: float | Floats, stop_share: Floats, most: float | Floats = 1.0) -> Floats:
    """Position that loses `risk` of the portfolio at a stop `stop_share` of the price away, up to `most`."""
    return np.minimum(np.divide(risk, stop_share), most)


def volatility_target(target: float, volatility: Floats, most: float | Floats = 1.0) -> Floats:
    """Position whose own annual volatility is `target` of the portfolio; `volatility` is the coin's, a
    year.
    """
    return np.minimum(np.divide(target, volatility), most)


def kelly(
    probability: Floats, win_r: Floats, loss_r: Floats, fraction: float = 0.25, most: float = 0.02
) -> Floats:
    """Share of the portfolio to risk (lose at one R): `fraction` of Kelly's (1956), never below 0 or above
    `most`.

    Kelly for a bet that pays `win_r` with the calibrated probability and costs `loss_r` otherwise, both net
    of costs and in R: (p win - (1 - p) loss) / (win loss).
    """
    edge = probability * win_r - (1.0 - probability) * loss_r
    return np.clip(fraction * edge / (win_r * loss_r), 0.0, most)


def odds(
    price: float, target: float, stop: float, sign: float, side_cost: float
) -> tuple[float, float, float]:
    """What entering at `price` wins at the target and loses at the stop, in R and net of both sides' costs,
    and what one R, |price - stop|, is as a share of the price.

    Raises ValueError where the price is not between stop and target.
    """
    risk, reward = sign * (price - stop), sign * (target - price)
    if risk <= 0.0 or reward <= 0.0:
        raise ValueError(f"the price {price} is not between the stop {stop} and the target {target}")
    win = (reward - side_cost * (price + target)) / risk
    loss = (risk + side_cost * (price + stop)) / risk
    return win, loss, risk / price
