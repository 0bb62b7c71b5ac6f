"""What every view of the API shares: roles, pages, the JSON it speaks, kept answers, one shape of refusal."""

from rest_framework.response import Response

from cryptopredict.common.restapi.filters import MomentFilter
from cryptopredict.common.restapi.pages import CursorPages, whole_number
from cryptopredict.common.restapi.parsing import MomentField
from cryptopredict.common.restapi.problems import (
    PROBLEM,
    Conflict,
    Refusal,
    bad_request,
    exception_handler,
    forbidden,
    not_found,
    problem,
    refuse,
    server_error,
)
from cryptopredict.common.restapi.roles import ROLES, RoleAtLeast, role_at_least
from cryptopredict.common.restapi.views import LIVE, Door, ReadOnlyViewSet, View

__all__ = [
    "LIVE",
    "PROBLEM",
    "ROLES",
    "Conflict",
    "CursorPages",
    "Door",
    "MomentField",
    "MomentFilter",
    "ReadOnlyViewSet",
    "Refusal",
    "Response",
    "RoleAtLeast",
    "View",
    "bad_request",
    "exception_handler",
    "forbidden",
    "not_found",
    "problem",
    "refuse",
    "role_at_least",
    "server_error",
    "whole_number",
]
