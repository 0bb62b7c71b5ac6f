from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from selection.engine.lots import Fill, product, replay, total

START = datetime(2024, 1, 1, tzinfo=UTC)


def fill(day: int, quantity: str, price: str, fees: str = "0") -> Fill:
    return Fill(START + timedelta(days=day), Decimal(quantity), Decimal(price), Decimal(fees))


def test_the_oldest_lot_is_sold_first() -> None:
    book = replay([fill(0, "2", "100", "2"), fill(1, "1", "200"), fill(2, "-1", "150", "1")])
    # Half of the first lot cost 101; it brought 150 less 1.
    assert book.realised == Decimal(48)
    assert [(lot.quantity, lot.cost) for lot in book.lots] == [(1, 101), (1, 200)]
    assert (book.quantity, book.cost, book.since) == (2, 301, START)


def test_a_sale_takes_as_many_lots_as_it_needs() -> None:
    book = replay([fill(0, "1", "10"), fill(1, "1", "20"), fill(2, "1", "30"), fill(3, "-2.5", "40")])
    assert book.realised == Decimal(100) - 10 - 20 - 15
    assert [(lot.quantity, lot.cost) for lot in book.lots] == [(Decimal("0.5"), 15)]


def test_a_short_earns_when_it_is_bought_back_lower() -> None:
    book = replay([fill(0, "-1", "100", "1")])
    assert (book.quantity, book.cost) == (-1, -99)
    assert (book.short_of, book.short_at) == (1, START)
    assert replay([fill(0, "-1", "100", "1"), fill(1, "1", "90", "1")]).realised == Decimal(8)


def test_a_sale_beyond_what_is_held_turns_into_a_short() -> None:
    book = replay([fill(0, "1", "100"), fill(1, "-3", "110")])
    assert (book.realised, book.quantity, book.cost) == (10, -2, -220)
    assert (book.short_of, book.short_at) == (2, START + timedelta(days=1))


quantities = st.decimals("-1e12", "1e12", places=12).filter(bool)
prices = st.decimals("1e-12", "1e6", places=12).filter(lambda price: price > 0)
fees = st.decimals("0", "1e4", places=6)
fills = st.lists(st.builds(Fill, st.just(START), quantities, prices, fees), max_size=25)


@given(fills, prices)
def test_lots_add_up_to_the_holding_and_profits_to_value_less_what_was_paid(
    trades: list[Fill], price: Decimal
) -> None:
    book = replay(trades)
    held = total(trade.quantity for trade in trades)
    received = total(trade.cash for trade in trades)
    assert book.quantity == held
    value = product(held, price)
    assert total([book.realised, value, book.cost.copy_negate()]) == total([value, received])
    assert len({lot.quantity > 0 for lot in book.lots}) <= 1


@given(fills)
def test_what_a_later_trade_does_does_not_change_what_was_realised_before(trades: list[Fill]) -> None:
    for cut in range(len(trades)):
        before, after = replay(trades[:cut]), replay(trades[: cut + 1])
        if before.quantity == 0 or (before.quantity > 0) == (trades[cut].quantity > 0):
            assert after.realised == before.realised
