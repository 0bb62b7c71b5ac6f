"""First in, first out: what is left of each purchase, and what the sales earned. Exact decimals, in USD.

A lot's quantity is signed: below zero it is a coin owed. Its cost is signed too and holds the fee, so that
value less cost is the unrealised profit either way. What a part of a lot cost is rounded to the 18 decimals
that the tables keep, and the rest of the lot keeps the rest: nothing is lost in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal

ZERO = Decimal(0)
_EXACT = Context(prec=80)
_PLACES = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade of one coin: `quantity` coins, positive bought and negative sold, at `price`, for `fees`."""

    at: datetime
    quantity: Decimal
    price: Decimal
    fees: Decimal = ZERO

    @property
    def cash(self) -> Decimal:
        """What it moved into the cash: negative for a purchase."""
        return _EXACT.minus(_EXACT.add(product(self.quantity, self.price), self.fees))


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one fill."""

    at: datetime
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """One coin: the lots that are open, oldest first, what closing others earned, and since when it is held.

    `short_of` is the largest quantity by which sales went beyond what was held, and `short_at` when that
    first happened; where shorts are not meant, it is a mistake in the trades.
    """

    lots: tuple[Lot, ...] = ()
    realised: Decimal = ZERO
    short_of: Decimal = ZERO
    short_at: datetime | None = None

    @property
    def quantity(self) -> Decimal:
        return total(lot.quantity for lot in self.lots)

    @property
    def cost(self) -> Decimal:
        return total(lot.cost for lot in self.lots)

    @property
    def since(self) -> datetime | None:
        return self.lots[0].at if self.lots else None


def replay(fills: Iterable[Fill]) -> Book:
    """The book after `fills`, which are in the order of time."""
    lots: deque[Lot] = deque()
    realised = ZERO
    short_of, short_at = ZERO, None
    for fill in fills:
        realised = _EXACT.add(realised, _take(lots, fill))
        held = total(lot.quantity for lot in lots)
        if held < 0 and held.copy_abs() > short_of:
            short_of, short_at = held.copy_abs(), short_at or fill.at
    return Book(tuple(lots), realised, short_of, short_at)


def _take(lots: deque[Lot], fill: Fill) -> Decimal:
    """Set `fill` off against the oldest lots of the other sign; what is left becomes a lot. Profit made."""
    left, cash = fill.quantity, fill.cash
    profit = ZERO
    # Copies of the sign, and sums in a context of our own: Python's usual one rounds to 28 digits.
    while left and lots and lots[0].quantity.is_signed() != left.is_signed():
        lot = lots.popleft()
        size, open_ = left.copy_abs(), lot.quantity.copy_abs()
        taken = min(size, open_)
        cost, cash_in = _part(lot.cost, taken, open_), _part(cash, taken, size)
        profit = _EXACT.add(profit, _EXACT.subtract(cash_in, cost))
        cash = _EXACT.subtract(cash, cash_in)
        step = taken.copy_sign(left)
        left = _EXACT.subtract(left, step)
        if open_ > taken:
            lots.appendleft(Lot(lot.at, _EXACT.add(lot.quantity, step), _EXACT.subtract(lot.cost, cost)))
    if left:
        lots.append(Lot(fill.at, left, cash.copy_negate()))
    return profit


def _part(whole: Decimal, taken: Decimal, of: Decimal) -> Decimal:
    return whole if taken == of else rounded(_EXACT.divide(_EXACT.multiply(whole, taken), of))


def rounded(value: Decimal) -> Decimal:
    """To the 18 decimals that the tables keep."""
    return value.quantize(_PLACES, context=_EXACT)


def product(left: Decimal, right: Decimal) -> Decimal:
    """Their product with 18 decimals; Python's own 28 digits are too few for a large number of cheap
    coins."""
    return rounded(_EXACT.multiply(left, right))


def quotient(left: Decimal, right: Decimal) -> Decimal:
    """Their quotient with 18 decimals."""
    return rounded(_EXACT.divide(left, right))


def total(values: Iterable[Decimal]) -> Decimal:
    """Their sum, all digits kept."""
    found = ZERO
    for value in values:
        found = _EXACT.add(found, value)
    return found
