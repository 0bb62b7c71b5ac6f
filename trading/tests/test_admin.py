from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import UserActivity
from aimodels.models import LedgerEntry
from trading.models import SHARES, RiskProfile, SignalStatus
from trading.tests.factories import (
    AdviceFactory,
    BacktestFactory,
    CandidateFactory,
    ExecutionFactory,
    RiskProfileFactory,
    SignalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
RECORDS = {
    "tradingsignal": SignalFactory,
    "signalcandidate": CandidateFactory,
    "signalexecution": ExecutionFactory,
    "portfolioassetanalysis": AdviceFactory,
    "backtest": BacktestFactory,
}
LISTS = {**RECORDS, "riskprofile": RiskProfileFactory}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory(role="admin"))
    return client


@pytest.mark.parametrize("name", LISTS)
def test_thirty_rows_take_as_many_queries_as_three(admin: Client, name: str) -> None:
    url = reverse(f"admin:trading_{name}_changelist")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(url).status_code == 200
        return len(captured)

    LISTS[name].create_batch(3)
    queries()  # what is looked up once a process
    few = queries()
    LISTS[name].create_batch(27)
    assert queries() == few


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_looked_at_and_not_changed(admin: Client, name: str) -> None:
    row = RECORDS[name]()
    assert admin.get(reverse(f"admin:trading_{name}_change", args=[row.pk])).status_code == 200
    assert admin.get(reverse(f"admin:trading_{name}_add")).status_code == 403
    assert admin.post(reverse(f"admin:trading_{name}_delete", args=[row.pk])).status_code == 403
    assert admin.post(reverse(f"admin:trading_{name}_change", args=[row.pk]), {}).status_code == 403


def test_active_signals_can_be_cancelled_and_the_others_say_why_not(admin: Client) -> None:
    going, ended = SignalFactory(), SignalFactory(status=SignalStatus.EXPIRED)
    chosen = {"action": "cancel", "_selected_action": [going.pk, ended.pk]}
    response = admin.post(reverse("admin:trading_tradingsignal_changelist"), chosen, follow=True)
    page = response.content.decode()
    assert "1 signal was cancelled." in page
    assert "Only an active signal can be cancelled; this one is expired." in page
    going.refresh_from_db()
    assert going.status == SignalStatus.CANCELLED and going.cancelled_by is not None


def test_limits_are_saved_and_bad_ones_refused_at_the_field(admin: Client) -> None:
    person = UserFactory()
    url = reverse("admin:trading_riskprofile_add")
    form = {"user": person.pk, **dict.fromkeys(SHARES, "0.05")}
    form |= {"max_position_size": "750", "target_volatility": "0.2", "is_automatic": "on"}
    bad = {"max_portfolio_risk": "5", "max_daily_loss": "-1", "max_position_size": "0"}
    page = admin.post(url, {**form, **bad})
    assert set(page.context["adminform"].form.errors) == set(bad)
    assert "is no share" in page.content.decode()
    assert not RiskProfile.objects.exists()
    assert admin.post(url, form).status_code == 302
    row = RiskProfile.objects.get(user=person)
    assert (row.max_position_size, row.max_daily_loss, row.follows_regime, row.is_automatic) == (
        750,
        0.05,
        False,
        True,
    )
    told = UserActivity.objects.get(entity_type="risk_profile")
    assert told.user != person  # who changed it, not whose it is


def test_the_ledger_shows_its_links_and_lets_nobody_write(admin: Client) -> None:
    SignalFactory.create_batch(2)
    link = LedgerEntry.objects.order_by("-seq")[0]
    page = admin.get(reverse("admin:aimodels_ledgerentry_changelist")).content.decode()
    assert bytes(link.hash).hex() in page and bytes(link.digest).hex() in page
    assert admin.get(reverse("admin:aimodels_ledgerentry_change", args=[link.pk])).status_code == 200
    assert admin.get(reverse("admin:aimodels_ledgerentry_add")).status_code == 403
    assert admin.post(reverse("admin:aimodels_ledgerentry_delete", args=[link.pk])).status_code == 403
