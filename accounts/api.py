"""A person's own things over HTTP, relative to /api/v1/: session, profile, keys, messages."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import login, logout
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.filters import NotificationFilter
from accounts.models import ActivityType, ApiToken, Notification
from accounts.serializers import (
    LogInSerializer,
    NewTokenSerializer,
    NotificationSerializer,
    ProfileSerializer,
    SessionSerializer,
    TokenSerializer,
    TokenWriteSerializer,
)
from cryptopredict.common import restapi
from cryptopredict.common.restapi.parsing import JSONParser


class NotificationViewSet(restapi.ReadOnlyViewSet):
    """Messages to the reader that are due and not dismissed, newest first."""

    role = "casual"
    keeps = "user"
    queryset = Notification.objects.none()
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    ordering = ("-scheduled_for", "-id")

    def get_queryset(self) -> QuerySet[Notification]:
        return selectors.inbox(self.request.user)


class NotificationView(restapi.View):
    """One message to the reader."""

    role = "casual"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, notification_id: int) -> Response:
        """Dismiss it: it is not listed any more."""
        row = get_object_or_404(selectors.inbox(request.user), pk=notification_id)
        services.notification_dismiss(notification=row)
        return Response(status=204)


class NotificationReadView(restapi.View):
    """One message to the reader, read."""

    role = "casual"

    @extend_schema(request=None, responses=NotificationSerializer)
    def post(self, request: Request, notification_id: int) -> Response:
        """Mark it as read; again without harm."""
        row = get_object_or_404(selectors.inbox(request.user), pk=notification_id)
        return Response(NotificationSerializer(services.notification_read(notification=row)).data)


class TokenViewSet(restapi.ReadOnlyViewSet):
    """The reader's own keys for programs."""

    keeps = "user"
    keeps_seconds = restapi.LIVE
    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[ApiToken]:
        return selectors.tokens(self.request.user)

    @extend_schema(request=TokenWriteSerializer, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        """Make a key; its text is in this answer and nowhere else. One made with a key ends with it."""
        body = TokenWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        expires_at = body.validated_data.get("expires_at")
        if isinstance(request.auth, ApiToken) and request.auth.expires_at is not None:
            expires_at = min(expires_at or request.auth.expires_at, request.auth.expires_at)
        token, text = services.token_issue(
            user=request.user, name=body.validated_data["name"], expires_at=expires_at
        )
        token.refresh_from_db()
        token.token = text  # type: ignore[attr-defined]  # for the answer only
        return Response(NewTokenSerializer(token).data, status=201)


class TokenView(restapi.View):
    """One of the reader's keys."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke it: from now on it opens nothing."""
        services.token_revoke(token=get_object_or_404(selectors.tokens(request.user), pk=token_id))
        return Response(status=204)


class ProfileView(restapi.View):
    """Who is asking."""

    keeps = "user"
    keeps_seconds = restapi.LIVE

    @extend_schema(responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        return Response(ProfileSerializer(request.user).data)

    @extend_schema(request=ProfileSerializer(partial=True), responses=ProfileSerializer)
    def patch(self, request: Request) -> Response:
        """Change names, language or time zone."""
        body = ProfileSerializer(request.user, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = services.profile_change(user=request.user, **body.validated_data)
        return Response(ProfileSerializer(changed).data)


class SessionView(restapi.View):
    """Logging in and out by cookie, for pages of one's own; programs use a token.

    Only JSON is read here, so that no form on another site can log anyone in.
    """

    parser_classes = (JSONParser,)

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [permissions.AllowAny()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        """Whose session this is."""
        return self._told(request)

    @extend_schema(request=LogInSerializer, responses=SessionSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Log in. Who has a second factor does so on the page, where it can be asked for."""
        body = LogInSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = self._authenticated(request, **body.validated_data)
        if is_mfa_enabled(user):
            raise exceptions.PermissionDenied(
                _("This account has a second factor: log in at /accounts/login/, or use an API token.")
            )
        login(request._request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
        services.record(user=user, activity_type=ActivityType.LOGIN, request=request._request)
        request.user = user
        return self._told(request)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log out."""
        services.record(user=request.user, activity_type=ActivityType.LOGOUT, request=request._request)
        logout(request._request)
        return Response(status=204)

    def _authenticated(self, request: Request, email: str, password: str) -> Any:
        try:
            user = get_adapter().authenticate(request._request, email=email, password=password)
        except ValidationError as error:
            raise exceptions.Throttled(wait=60, detail=" ".join(error.messages)) from None
        if user is None or not user.is_active or user.deleted_at is not None:
            raise exceptions.AuthenticationFailed(_("E-mail address and password do not fit together."))
        return user

    def _told(self, request: Request) -> Response:
        data = {"user": request.user, "csrf_token": get_token(request._request)}
        return Response(SessionSerializer(data).data)


urlpatterns = [
    path(
        "ui/notifications",
        NotificationViewSet.as_view({"get": "list"}, detail=False),
        name="api_notifications",
    ),
    path("ui/notifications/<int:notification_id>", NotificationView.as_view(), name="api_notification"),
    path(
        "ui/notifications/<int:notification_id>/read",
        NotificationReadView.as_view(),
        name="api_notification_read",
    ),
    path(
        "account/tokens",
        TokenViewSet.as_view({"get": "list", "post": "create"}, detail=False),
        name="api_tokens",
    ),
    path("account/tokens/<int:token_id>", TokenView.as_view(), name="api_token"),
    path("account/profile", ProfileView.as_view(), name="api_profile"),
    path("account/session", SessionView.as_view(), name="api_session"),
]
