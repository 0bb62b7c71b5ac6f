from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, transaction

from assets.models import Asset
from assets.tests.stored import AssetFactory
from selection import services
from selection.formats import Unreadable, moment, number, tickers
from selection.models import Portfolio, PortfolioAsset, PortfolioFlow, PortfolioTrade
from selection.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 6, 1, tzinfo=UTC)
HEAD = "date,symbol,side,quantity,price,fees\n"


@pytest.fixture
def coin() -> Asset:
    return AssetFactory(symbol="BTC")


@pytest.fixture
def live() -> Portfolio:
    return services.open_portfolio(user=UserFactory(), venue="live", now=NOW)


def load(portfolio: Portfolio, *lines: str, head: str = HEAD, dry_run: bool = False) -> services.Report:
    return services.import_trades(portfolio=portfolio, text=head + "\n".join(lines), now=NOW, dry_run=dry_run)


def held(portfolio: Portfolio, coin: Asset) -> tuple[Decimal, Decimal, Decimal]:
    row = PortfolioAsset.objects.get(portfolio=portfolio, asset=coin)
    return row.quantity, row.cost_basis, row.realised_pnl


def test_a_paper_account_begins_with_ten_thousand_or_the_owners_balance() -> None:
    first = services.open_portfolio(user=UserFactory(), venue="paper", now=NOW)
    second = services.open_portfolio(user=UserFactory(account_balance=500), venue="paper", now=NOW)
    assert (first.cash, second.cash) == (10_000, 500)
    assert services.open_portfolio(user=first.user, venue="paper", now=NOW).pk == first.pk
    assert PortfolioFlow.objects.count() == 2


def test_cash_that_is_set_is_a_flow_and_no_profit(live: Portfolio) -> None:
    assert services.set_cash(portfolio=live, cash=Decimal(100), now=NOW).cash == 100
    services.set_cash(portfolio=live, cash=Decimal(60), now=NOW)
    assert [flow.amount for flow in PortfolioFlow.objects.order_by("pk")] == [100, -40]
    for wrong in (Decimal(-1), Decimal("1e16"), Decimal("NaN")):
        with pytest.raises((ValidationError, ArithmeticError)):
            services.set_cash(portfolio=live, cash=wrong, now=NOW)


def test_an_import_is_looked_at_first_and_then_booked_once(live: Portfolio, coin: Asset) -> None:
    lines = ("2024-01-01,BTC,buy,2,100,2", "2024-01-03,BTC,sell,1,150,1", "2024-01-02,BTC,buy,1,200,0")
    seen = load(live, *lines, dry_run=True)
    assert (seen.accepted, seen.errors, seen.holdings) == (3, [], [{"symbol": "BTC", "quantity": 2}])
    assert not PortfolioTrade.objects.exists()
    load(live, *lines)
    assert held(live, coin) == (2, 301, 48)
    again = load(live, *lines)
    assert (again.accepted, [row["line"] for row in again.duplicates]) == (0, [2, 3, 4])
    assert PortfolioTrade.objects.count() == 3
    live.refresh_from_db()
    assert live.cash == 0


def test_a_line_that_stands_twice_is_named_and_an_id_tells_twins_apart(live: Portfolio, coin: Asset) -> None:
    twice = load(live, *["2024-01-01,BTC,buy,2,100,2"] * 2)
    assert twice.duplicates == [
        {"line": 3, "reason": "It says the same as line 2; give each trade an id if both happened."}
    ]
    head = HEAD.replace("fees", "fees,id")
    report = load(live, "2024-02-01,BTC,buy,1,100,0,a", "2024-02-01,BTC,buy,1,100,0,b", head=head)
    assert (report.accepted, report.duplicates) == (2, [])
    assert held(live, coin)[0] == 4


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        ('2024-01-01,BTC,buy,"1,234",100,0', "quantity", "thousand"),
        ("2024-01-01,BTC,buy,-1,100,0", "quantity", "above zero"),
        ("2024-01-01,BTC,buy,0,100,0", "quantity", "above zero"),
        ("2024-01-01,BTC,buy,NaN,100,0", "quantity", "above zero"),
        ("2024-01-01,BTC,buy,many,100,0", "quantity", "not a number"),
        ("2024-01-01,BTC,buy,1,1e30,0", "price", "1e18"),
        ("01/02/2024,BTC,buy,1,100,0", "date", "may be"),
        ("2024-02-30,BTC,buy,1,100,0", "date", "not a date"),
        ("yesterday,BTC,buy,1,100,0", "date", "not a date"),
        ("2034-01-01,BTC,buy,1,100,0", "date", "future"),
        ("1999-01-01,BTC,buy,1,100,0", "date", "before"),
        ("2024-01-01,NOCOIN,buy,1,100,0", "symbol", "not a coin"),
        ("2024-01-01,,buy,1,100,0", "symbol", "empty"),
        ("2024-01-01,BTC,swap,1,100,0", "side", "neither"),
        ("2024-01-02,BTC,sell,3,100,0", "quantity", "more than is held"),
    ],
)
def test_a_line_with_a_fault_is_named_and_nothing_is_booked(
    live: Portfolio, coin: Asset, line: str, field: str, rule: str
) -> None:
    report = load(live, "2024-01-01,BTC,buy,1,100,0", line)
    [fault] = report.errors
    assert (fault["line"], fault["field"]) == (3, field)
    assert rule in fault["rule"]
    assert fault["mend"]
    assert report.accepted == 0
    assert not PortfolioTrade.objects.exists()


def test_a_sale_of_the_past_may_not_take_what_was_sold_later(live: Portfolio, coin: Asset) -> None:
    load(live, "2024-01-01,BTC,buy,1,100,0", "2024-03-01,BTC,sell,1,100,0")
    [fault] = load(live, "2024-02-01,BTC,sell,1,100,0").errors
    assert "more than is held" in fault["rule"]
    assert held(live, coin)[0] == 0


def test_on_one_day_purchases_come_before_sales(live: Portfolio, coin: Asset) -> None:
    assert load(live, "2024-01-01,BTC,sell,1,120,0", "2024-01-01,BTC,buy,1,100,0").is_clean
    assert held(live, coin) == (0, 0, 20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "date,symbol\n2024-01-01,BTC",
        HEAD,
        "PK\x03\x04",
        "\0" + HEAD,
        HEAD + "2024" + "9" * 200_000,
    ],
)
def test_a_file_that_is_no_list_of_trades_is_refused(live: Portfolio, text: str) -> None:
    report = services.import_trades(portfolio=live, text=text, now=NOW, dry_run=False)
    assert len(report.errors) == 1
    assert not PortfolioTrade.objects.exists()


def test_other_spellings_are_read(live: Portfolio, coin: Asset) -> None:
    text = "Time;Pair;Type;Amount;Price;Commission\n31.01.2024 10:00;BTC/USDT;BUY;0,5;1.234,50;\n"
    assert services.import_trades(portfolio=live, text=text, now=NOW, dry_run=False).is_clean
    trade = PortfolioTrade.objects.get()
    assert (trade.quantity, trade.price, trade.fees) == (Decimal("0.5"), Decimal("1234.5"), 0)
    assert trade.executed_at == datetime(2024, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1,234,567", "1234567"),
        ("$12", "12"),
        ("1.234.567,8", "1234567.8"),
        ("0,123", "0.123"),
    ],
)
def test_numbers_that_are_clear_are_read(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


def test_dates_and_tickers() -> None:
    assert moment("2024-01-31T10:00:00+02:00", NOW) == datetime(2024, 1, 31, 8, tzinfo=UTC)
    assert moment("13/01/2024", NOW) == moment("01/13/2024", NOW) == datetime(2024, 1, 13, tzinfo=UTC)
    assert tickers("btcusdt") == ("BTCUSDT", "BTC")
    with pytest.raises(Unreadable):
        moment("99/99/2024", NOW)


def test_booked_trades_can_be_neither_changed_nor_deleted(live: Portfolio, coin: Asset) -> None:
    load(live, "2024-01-01,BTC,buy,1,100,0")
    with pytest.raises(ProgrammingError), transaction.atomic():
        PortfolioTrade.objects.update(price=1)
    with pytest.raises(ProgrammingError), transaction.atomic():
        PortfolioTrade.objects.all().delete()


def test_a_large_import_takes_few_queries(
    live: Portfolio, coin: Asset, django_assert_max_num_queries: Any
) -> None:
    lines = [f"{NOW - timedelta(hours=n):%Y-%m-%dT%H:%M}Z,BTC,buy,0.5,{100 + n},0" for n in range(1, 800)]
    with django_assert_max_num_queries(16):
        assert load(live, *lines).accepted == 799


def test_the_same_trade_spelled_otherwise_is_a_duplicate(live: Portfolio, coin: Asset) -> None:
    load(live, "2024-01-01,BTC,buy,2,100,2")
    again = load(live, '2024-01-01T00:00:00Z,btc/usdt,BUY,2.0,"100.00",2.0')
    assert [row["line"] for row in again.duplicates] == [2]


def test_an_export_brought_back_to_its_own_account_changes_nothing(live: Portfolio, coin: Asset) -> None:
    services.book(
        portfolio=live,
        trades=[
            PortfolioTrade(
                asset=coin,
                side="buy",
                quantity=Decimal(1),
                price=Decimal(100),
                source="execution",
                reference="execution:7",
                executed_at=NOW,
            )
        ],
    )
    report = load(live, "2024-06-01,BTC,buy,1,100,0,execution:7", head=HEAD.replace("fees", "fees,id"))
    assert (report.accepted, len(report.duplicates)) == (0, 1)
    assert held(live, coin)[0] == 1


def test_tickers_are_found_in_any_case(live: Portfolio) -> None:
    AssetFactory(symbol="stETH")
    assert load(live, "2024-01-01,STETH,buy,2,100,2", dry_run=True).accepted == 1
