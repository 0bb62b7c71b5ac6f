"""The paper broker: what an order would have got. Exact decimals, in USD; the costs are those of the
record."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal

from trading.engine.barriers import Costs

_EXACT = Context(prec=60)
_PLACES = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class Broker:
    """`fee` and `slippage` as shares of the value; at most `participation` of a bar's turnover is filled."""

    fee: Decimal
    slippage: Decimal
    participation: Decimal = Decimal("0.1")

    @property
    def side(self) -> Decimal:
        """Cost of one fill, as a share of its value."""
        return self.fee + self.slippage


@dataclass(frozen=True, slots=True)
class Fill:
    """What an order got: coins, the price each, their value, the fee; `is_partial` where the bar had no
    more."""

    quantity: Decimal
    price: Decimal
    value: Decimal
    fees: Decimal
    is_partial: bool = False


def broker(costs: Costs) -> Broker:
    """The broker whose costs are those that signals are judged by."""
    return Broker(Decimal(str(costs.fee)), Decimal(str(costs.slippage)))


def enter(how: Broker, price: Decimal, size: Decimal, sign: int, turnover: Decimal | None) -> Fill | None:
    """Fill of an order over `size` USD, long (+1) or short (-1), where `price` is quoted.

    `turnover` is the bar's, in USD; None: not known, and the whole is filled. None where the bar had nothing
    to give or the size buys less than the smallest part of a coin.
    """
    paid = slipped(price, sign, how)
    most = size if turnover is None else min(size, _round(_EXACT.multiply(turnover, how.participation)))
    quantity = _EXACT.divide(most, paid).quantize(_PLACES, rounding=ROUND_DOWN, context=_EXACT)
    if quantity <= 0:
        return None
    value = _round(_EXACT.multiply(quantity, paid))
    return Fill(quantity, paid, value, _round(value * how.fee), most < size)


def leave(how: Broker, price: Decimal, quantity: Decimal, sign: int) -> Fill:
    """Fill of closing `quantity` coins held long (+1) or owed (-1); the whole is filled, as a stop must
    be."""
    got = slipped(price, -sign, how)
    value = _round(_EXACT.multiply(quantity, got))
    return Fill(quantity, got, value, _round(value * how.fee))


def slipped(price: Decimal, direction: int, how: Broker) -> Decimal:
    """The price that a purchase (+1) pays or a sale (-1) gets; never below the smallest the tables keep."""
    return max(_round(_EXACT.multiply(price, 1 + direction * how.slippage)), _PLACES)


def _round(value: Decimal) -> Decimal:
    return value.quantize(_PLACES, context=_EXACT)
