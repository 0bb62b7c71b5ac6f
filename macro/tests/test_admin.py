from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from macro.tests import factories

pytestmark = pytest.mark.django_db
MODELS = {
    "metricssnapshot": factories.MetricsSnapshotFactory,
    "regimeanalysis": factories.RegimeAnalysisFactory,
    "regimeforecast": factories.RegimeForecastFactory,
    "marketsentiment": factories.MarketSentimentFactory,
    "dominance": factories.DominanceFactory,
}


@pytest.fixture
def admin(settings: Any) -> Client:
    settings.WHITENOISE_AUTOREFRESH = True  # no collected static files are needed
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.com", "a password of some length"))
    return client


@pytest.mark.parametrize("name", MODELS)
def test_readings_can_be_seen_but_not_touched(name: str, admin: Client) -> None:
    record = MODELS[name]()
    change = reverse(f"admin:macro_{name}_change", args=[record.pk])
    assert admin.get(change).status_code == 200
    assert admin.post(change, {}).status_code == 403
    assert admin.get(reverse(f"admin:macro_{name}_add")).status_code == 403
    assert admin.post(reverse(f"admin:macro_{name}_delete", args=[record.pk])).status_code == 403


@pytest.mark.parametrize("name", MODELS)
def test_a_list_asks_as_often_for_many_rows_as_for_few(
    name: str, admin: Client, django_assert_max_num_queries: Any
) -> None:
    MODELS[name].create_batch(30)
    with django_assert_max_num_queries(14):
        page = admin.get(reverse(f"admin:macro_{name}_changelist"))
    assert page.status_code == 200
    assert page.context["cl"].result_count == 30
