"""Orders, portfolio and limits on the pages: what is shown before, what is done once, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store
from selection.models import PortfolioTrade, ProposalStatus, RebalanceProposal
from selection.selectors import portfolio_of
from trading.models import RiskProfile, SignalExecution, TradingSignal
from trading.tests.factories import SignalFactory, UserFactory

pytestmark = pytest.mark.django_db
PORTFOLIO = "/trading/portfolio/"


@pytest.fixture
def person() -> User:
    return UserFactory()


@pytest.fixture
def casual(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def traded(price: float = 100.0, days: int = 3, **coin: Any) -> Asset:
    """A coin whose last daily bar closed at the last midnight."""
    close = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    asset = AssetFactory(**coin)
    times = [close - timedelta(days=back) for back in range(days, 0, -1)]
    store(Timeframe.DAY, batch(asset.pk, times, [price] * days, volume=[1e9] * days))
    return asset


def signal(asset: Asset | None = None, **fields: Any) -> TradingSignal:
    """A long at 100 with target 110 and stop 95, issued at the last midnight."""
    close = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    fields = {"expires_at": close + timedelta(days=30), **fields}
    return SignalFactory(asset=asset or traded(symbol="SOL"), as_of=close, **fields)


def order(**fields: Any) -> dict[str, Any]:
    return {
        "venue": "paper", "amount": "200", "unit": "usd", "risk_confirmation": "on",
        "key": uuid4().hex, **fields,
    }  # fmt: skip


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def address(of: TradingSignal, what: str = "execute") -> str:
    return f"/trading/signals/{of.pk}/{what}/"


def test_the_order_form_suggests_a_size_and_shows_what_it_would_get_and_every_limit(casual: Client) -> None:
    page = text(casual.get(address(signal())))
    for said in (
        "Fixed fraction",
        "only 2 daily returns are known",
        "Lost at the stop",
        "It passes every limit",
    ):
        assert said in page
    assert page.count('<span class="hidden"> passes</span>') == 8
    assert SignalExecution.objects.count() == 0
    assert text(casual.get(address(signal(traded(symbol="ADA"))), headers={"HX-Request": "true"})).startswith(
        '<div id="order"'
    )


def test_a_preview_names_each_broken_limit_and_the_largest_size_that_passes(casual: Client) -> None:
    page = text(casual.post(address(signal(), "preview"), order(amount="۹٬۰۰۰")))  # 9,000 in Persian digits
    assert "It would be refused" in page and "Behind this signal" in page
    assert "The largest size that passes all limits is 2,500 USD." in page
    for wrong in ("", "abc", "NaN", "-5", "0", "1e15"):
        assert "Nothing would be executed" in text(
            casual.post(address(signal(traded()), "preview"), order(amount=wrong))
        )


def test_where_no_size_is_sensible_the_form_says_so_and_proposes_none(casual: Client) -> None:
    page = text(casual.get(address(signal(confidence_score=0.2))))  # the odds do not pay: Kelly gives nothing
    assert "No size would be sensible now" in page
    assert 'name="amount" value' not in page
    assert "It passes every limit" not in page


def test_the_same_form_sent_twice_executes_once(casual: Client, person: User) -> None:
    sent, plan = order(), signal()
    for _press in range(2):
        answer = casual.post(address(plan), sent)
        assert answer.headers["Location"] == f"{PORTFOLIO}?venue=paper"
    assert SignalExecution.objects.count() == 1
    page = text(casual.get(PORTFOLIO))
    assert "not executed again" in page and "SOL: 200.00 USD at 100.05 USD" in page
    assert portfolio_of(person, "paper").cash == pytest.approx(Decimal("9799.8"))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"amount": "5000"}, "the limit is 2,500 USD"),
        ({"risk_confirmation": ""}, "The confirmation"),
        ({"amount": "0"}, "The size"),
        ({"key": "x"}, "Enter a valid value"),
        ({"unit": "coins"}, "Select a valid choice"),
    ],
)
def test_a_refused_order_is_explained_and_leaves_nothing(
    casual: Client, sent: dict[str, str], said: str
) -> None:
    page = text(casual.post(address(signal()), order(**sent)), 422)
    assert "nothing was executed" in page and said in page
    assert SignalExecution.objects.count() == 0


def test_a_mended_order_goes_through_with_the_key_it_had(casual: Client) -> None:
    plan, sent = signal(), order(amount="5000")
    assert sent["key"] in text(casual.post(address(plan), sent), 422)
    assert casual.post(address(plan), {**sent, "amount": "100"}).status_code == 302


def test_an_old_price_and_an_ended_signal_are_refused_before_anything_is_asked(casual: Client) -> None:
    stale = signal(AssetFactory())
    assert "It cannot be executed on paper now" in text(casual.get(address(stale)))
    ended = signal(traded(), status="expired")
    assert "only an active signal can be executed" in text(casual.get(address(ended)))
    assert "It can no longer be entered" in text(casual.get(f"/trading/signals/{ended.pk}/"))


def test_a_fill_of_ones_own_is_recorded_also_beyond_a_limit_and_closed_as_reported(
    casual: Client, person: User
) -> None:
    plan, now = signal(), timezone.now()
    sent = {
        "venue": "live", "quantity": "50", "price": "100", "fees": "", "risk_confirmation": "on",
        "executed_at": f"{now:%Y-%m-%dT%H:%M:%S}", "key": uuid4().hex,
    }  # fmt: skip
    page = text(casual.post(address(plan), sent, follow=True))
    assert "it breaks limits of yours" in page and "Behind this signal" in page
    (made,) = SignalExecution.objects.all()
    path = f"/trading/positions/{made.pk}/close/"
    assert 'value="50"' in text(casual.get(path))
    wrong = {"quantity": "20", "price": "104", "fees": "1", "executed_at": sent["executed_at"]}
    assert "is not the whole position" in text(casual.post(path, wrong), 422)
    assert casual.post(path, {**wrong, "quantity": "50"}).status_code == 302
    assert SignalExecution.objects.get(opens=made).realised_pnl == pytest.approx(Decimal(199))
    assert "It is closed" in text(casual.get(path))


def test_a_position_is_closed_by_its_owner_alone_and_once(casual: Client, person: User) -> None:
    casual.post(address(signal()), order())
    (made,) = SignalExecution.objects.all()
    path = f"/trading/positions/{made.pk}/close/"
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.post(path).status_code == 404
    assert casual.post(path).status_code == 302
    assert "is not an open position" in text(casual.post(path), 422)
    assert SignalExecution.objects.filter(opens=made).count() == 1


def test_the_portfolio_shows_holdings_with_advice_positions_and_what_is_not_known(
    casual: Client, person: User
) -> None:
    assert "not opened yet" in text(casual.get(PORTFOLIO))
    assert casual.get(f"{PORTFOLIO}data/worth").json()["note"]
    casual.post(address(signal()), order())
    casual.post(f"{PORTFOLIO}cash/", {"venue": "paper", "cash": "5000"})
    page = text(casual.get(PORTFOLIO))
    for said in ("A signal on the coin is open", "5,000", "days on which all coins traded", "Drift"):
        assert said in page
    assert casual.get(f"{PORTFOLIO}data/drawdown?venue=moon").status_code == 400
    export = casual.get(f"{PORTFOLIO}export/").content.decode().splitlines()
    assert export[0].startswith("date,symbol,side") and ",SOL,buy," in export[1]


def test_cash_that_cannot_be_is_refused(casual: Client, person: User) -> None:
    for wrong in ("-1", "plenty", "1e18"):
        page = text(casual.post(f"{PORTFOLIO}cash/", {"venue": "live", "cash": wrong}, follow=True))
        assert "message error" in page
    assert portfolio_of(person, "live") is None


CSV = "date,symbol,side,quantity,price\n2024-01-05,SOL,buy,2,100\n2024-01-06,SOL,sell,{sold},110\n"


def test_trades_made_elsewhere_are_looked_at_first_then_booked_once(casual: Client, person: User) -> None:
    traded(symbol="SOL")
    file = SimpleUploadedFile("trades.csv", CSV.format(sold=1).encode())
    page = text(casual.post(f"{PORTFOLIO}import/", {"venue": "live", "file": file}))
    assert "This is what would be booked" in page and "2024-01-06,SOL,sell,1,110" in page
    assert PortfolioTrade.objects.count() == 0
    for _press in range(2):
        casual.post(f"{PORTFOLIO}import/", {"venue": "live", "csv": CSV.format(sold=1), "book": "1"})
    assert PortfolioTrade.objects.count() == 2
    assert "nothing new to book" in text(
        casual.post(f"{PORTFOLIO}import/", {"venue": "live", "csv": CSV.format(sold=1)})
    )


def test_trades_that_cannot_be_are_named_line_by_line_and_none_is_booked(casual: Client) -> None:
    traded(symbol="SOL")
    wrong = CSV.format(sold=9) + "01/02/2024,NOPE,buy,x,1\n"
    page = text(casual.post(f"{PORTFOLIO}import/", {"venue": "live", "csv": wrong, "book": "1"}), 422)
    for said in ("Nothing can be booked yet", "sells more than is held", "2024-02-01", "is not a number"):
        assert said in page
    assert "Choose a file" in text(casual.post(f"{PORTFOLIO}import/", {"venue": "live"}), 422)
    binary = SimpleUploadedFile("x.csv", b"\xff\xfe\x00")
    assert "UTF-8" in text(casual.post(f"{PORTFOLIO}import/", {"venue": "live", "file": binary}), 422)
    assert PortfolioTrade.objects.count() == 0


def test_a_proposal_is_asked_for_once_and_shown_when_it_is_there(casual: Client, person: User) -> None:
    for _press in range(2):
        casual.post(f"{PORTFOLIO}rebalance/", {"venue": "paper"})
    (asked,) = RebalanceProposal.objects.all()
    assert "It appears here by itself" in text(casual.get(PORTFOLIO))
    trade = {
        "crypto_id": 1, "symbol": "SOL", "sector": "Layer 1", "weight": 0.1, "target_weight": 0.2,
        "action": "buy", "amount": 1000.0, "price": 100.0,
    }  # fmt: skip
    RebalanceProposal.objects.filter(pk=asked.pk).update(
        status=ProposalStatus.DONE, as_of=timezone.now(), finished_at=timezone.now(),
        proposal={"trades": [trade], "cash_weight": 0.8, "turnover": 0.1, "costs": 1.5},
    )  # fmt: skip
    page = text(casual.get(PORTFOLIO))
    assert "20.0 %" in page and "Buy" in page and "1,000" in page


def test_limits_are_shown_and_changed_in_percent(casual: Client, person: User) -> None:
    page = text(casual.get("/trading/risk-profile/"))
    assert 'value="0.5"' in page and 'value="25"' in page
    stored = casual.get("/trading/risk-profile/").context["form"].initial
    sent = {name: value for name, value in stored.items() if value is not False}
    assert casual.post("/trading/risk-profile/", {**sent, "max_open_risk": "4.5"}).status_code == 302
    assert RiskProfile.objects.get(user=person).max_open_risk == 0.045
    for name, wrong in (("max_open_risk", "101"), ("max_position_size", "0"), ("kelly_fraction", "x")):
        assert "Nothing was saved" in text(casual.post("/trading/risk-profile/", {**sent, name: wrong}), 422)
    assert RiskProfile.objects.get(user=person).max_open_risk == 0.045


def test_these_pages_are_for_investors(client: Client) -> None:
    plan = signal()
    paths = (address(plan), PORTFOLIO, "/trading/risk-profile/", f"{PORTFOLIO}export/")
    for path in paths:
        assert client.get(path).headers["Location"].startswith("/accounts/login/")
    client.force_login(UserFactory(role="guest"))
    assert [client.get(path).status_code for path in paths] == [403] * 4


@pytest.fixture
def many(casual: Client) -> Iterator[None]:
    """Positions on several coins."""
    casual.post(f"{PORTFOLIO}cash/", {"venue": "paper", "cash": "1000000"})
    casual.post(address(signal()), order())
    yield


def test_a_portfolio_costs_as_many_queries_with_few_holdings_as_with_many(casual: Client, many: None) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            text(casual.get(PORTFOLIO))
        return len(seen)

    queries()
    few = queries()
    for number in range(4):
        casual.post(address(signal(traded(symbol=f"C{number}"))), order())
    assert SignalExecution.objects.count() == 5
    assert (queries(), few <= 45) == (few, True)


def test_a_delisted_coin_without_a_price_and_tiny_and_huge_amounts_are_shown_as_such(casual: Client) -> None:
    AssetFactory(symbol="DEAD", is_active=False)
    traded(price=1e-9, symbol="DUST")
    lines = "date,symbol,side,quantity,price\n2024-01-05,DEAD,buy,5,1\n2024-01-05,DUST,buy,1e15,0.000000001"
    casual.post(f"{PORTFOLIO}import/", {"venue": "live", "csv": lines, "book": "1"})
    page = text(casual.get(f"{PORTFOLIO}?venue=live"))
    for said in ("no price", "may be traded no more", "Exit", "1,000.00 T", "is not known"):
        assert said in page
    assert casual.get(f"{PORTFOLIO}data/worth?venue=live").status_code == 200
    assert casual.get("/").status_code == 200
