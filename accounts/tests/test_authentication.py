import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.authentication import TokenAuthentication
from accounts.models import ApiToken, Role, User
from cryptopredict.common import restapi

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class Door(restapi.View):
    def get(self, request: object) -> restapi.Response:
        return restapi.Response({"open": True})


def knock(header: str | None) -> tuple[int, dict, str]:
    extra = {"HTTP_AUTHORIZATION": header} if header else {}
    response = Door.as_view()(APIRequestFactory().get("/", **extra)).render()
    return response.status_code, response.data, response.headers.get("WWW-Authenticate", "")


@pytest.fixture
def token() -> ApiToken:
    user = User.objects.create_user("bot@example.com")
    return ApiToken.objects.create(
        user=user, name="bot", digest=hashlib.sha256(b"secret").hexdigest(), prefix="secret"
    )


def test_a_good_token_opens_and_its_use_is_noted(token: ApiToken) -> None:
    assert knock("Token secret")[0] == 200
    token.refresh_from_db()
    assert token.last_used_at is not None


def test_its_use_is_written_once_a_minute(token: ApiToken, django_assert_num_queries: object) -> None:
    knock("Token secret")
    with django_assert_num_queries(1):
        knock("Token secret")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked_at": NOW}, "revoked"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "expired"),
    ],
)
def test_a_revoked_or_expired_token_is_refused_with_the_reason(
    token: ApiToken, change: dict, reason: str
) -> None:
    ApiToken.objects.filter(pk=token.pk).update(**change)
    status, problem, scheme = knock("Token secret")
    assert status == 401
    assert reason in problem["detail"]
    assert scheme == 'Token realm="api"'


def test_the_token_of_a_closed_account_is_refused(token: ApiToken) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)
    assert knock("Token secret")[0] == 401


@pytest.mark.parametrize("header", [None, "Token", "Token a b", "Token wrong", "Bearer secret"])
def test_without_a_good_token_the_answer_is_401_and_names_the_scheme(token: ApiToken, header: str) -> None:
    status, problem, scheme = knock(header)
    assert (status, problem["status"], scheme) == (401, 401, 'Token realm="api"')


def test_the_apis_roles_are_the_users_roles_in_order() -> None:
    assert list(restapi.ROLES) == [str(role) for role in Role]


def test_token_comes_before_session_so_that_401_is_401() -> None:
    assert APIView.authentication_classes[0] is TokenAuthentication
