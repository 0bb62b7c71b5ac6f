"""People: their accounts, keys, looks, and what they did."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import (
    ActivityType,
    ApiToken,
    Role,
    User,
    UserActivity,
)
from cryptopredict.common import identities, realtime

_PREFIX = "cp_"
MOST_TOKENS = 50  # valid keys a person may have


@transaction.atomic
def create_user(*, email: str, role: str = Role.CASUAL, password: str | None = None, **fields: Any) -> User:
    """A user with a checked e-mail and password; without a password one is made, in `raw_password`.

    Raises ValidationError naming the field.
    """
    from allauth.account.models import EmailAddress

    email = email.strip().lower()
    _check(email, role, password)
    chosen = password or secrets.token_urlsafe(15)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, chosen, role=role, is_verified=True, **fields)
    except IntegrityError as error:
        raise ValidationError({"email": _("A user with this e-mail address exists already.")}) from error
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    user.raw_password = chosen if password is None else None  # type: ignore[attr-defined]  # shown once, never stored
    return user


def _check(email: str, role: str, password: str | None) -> None:
    errors: dict[str, Any] = {}
    try:
        validate_email(email)
    except ValidationError:
        errors["email"] = _("“%(value)s” is not an e-mail address.") % {"value": email}
    if role not in Role.values:
        errors["role"] = _("“%(value)s” is not a role; known are %(known)s.") % {
            "value": role,
            "known": ", ".join(Role.values),
        }
    if password is not None:
        try:
            validate_password(password, User(email=email))
        except ValidationError as error:
            errors["password"] = error.messages
    if errors:
        raise ValidationError(errors)


@transaction.atomic
def appearance_change(*, user: User, language: str, theme: str, swap_colours: bool) -> User:
    """How a person wants their pages, in every browser: language, colours, and which colour is up."""
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    wanted = {"language": language, "theme": theme, "swap_colours": swap_colours}
    locked.preferences = {**locked.preferences, **wanted}
    locked.save(update_fields=["preferences"])
    record(user=locked, activity_type=ActivityType.CHANGE_SETTING, entity_type="profile", entity_id=user.pk)
    return locked


@transaction.atomic
def user_change(
    *,
    user: User,
    by: User,
    role: str | None = None,
    is_active: bool | None = None,
    notes: str | None = None,
    unlock: bool = False,
) -> User:
    """Change a person's role, close or open their account, note something about them, lift a lock-out.

    Logged, all or nothing.

    Raises PermissionDenied for who is no administrator, ValidationError where it would leave the system
    without one, or take the rights of who asks.
    """
    if not by.is_active or not by.may(Role.ADMIN):
        raise PermissionDenied(_("Only an administrator may change people's roles and accounts."))
    # All administrators are locked together: two who close each other's accounts come one after the other.
    admins = list(
        User.objects.filter(role=Role.ADMIN, is_active=True, deleted_at=None)
        .order_by("pk")
        .select_for_update()
    )
    locked = User.objects.select_for_update().get(pk=user.pk)
    new_role = locked.role if role is None else role
    new_state = locked.is_active if is_active is None else is_active
    _check_change(locked, by, new_role, new_state, admins)
    changes: dict[str, Any] = {}
    new_notes = locked.notes if notes is None else notes
    for name, value in (("role", new_role), ("is_active", new_state), ("notes", new_notes)):
        if getattr(locked, name) != value:
            changes[name] = {"from": getattr(locked, name), "to": value}
            setattr(locked, name, value)
    if unlock and (locked.lockout_expires is not None or locked.failed_login_attempts):
        changes["lockout_expires"] = {"from": str(locked.lockout_expires), "to": None}
        locked.lockout_expires, locked.failed_login_attempts = None, 0
    if not changes:
        return locked
    locked.save(update_fields=["role", "is_active", "notes", "lockout_expires", "failed_login_attempts"])
    record(
        user=by,
        activity_type=ActivityType.CHANGE_SETTING,
        entity_type="user",
        entity_id=locked.pk,
        action="change",
        details={"email": locked.email, **changes},
    )
    return locked


def _check_change(user: User, by: User, role: str, is_active: bool, admins: list[User]) -> None:
    if role not in Role.values:
        message = _("“%(value)s” is not a role; known are %(known)s.")
        raise ValidationError({"role": message % {"value": role, "known": ", ".join(Role.values)}})
    stays = role == Role.ADMIN and is_active
    if stays or user not in admins:
        return
    field = "role" if role != Role.ADMIN else "is_active"
    if user.pk == by.pk:
        raise ValidationError({field: _("You cannot take your own rights; ask another administrator.")})
    if len(admins) < 2:
        raise ValidationError({field: _("This is the last administrator: make another one first.")})


def token_issue(*, user: User, name: str, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A new API token and its text, which is shown once and not stored. Raises ValidationError."""
    if not name.strip():
        raise ValidationError({"name": _("A token needs a name, to know it by when you revoke it.")})
    if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MOST_TOKENS:
        message = _("You have %(most)d keys, and more are not kept: revoke one first.")
        raise ValidationError({"name": message % {"most": MOST_TOKENS}})
    text = _PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            token = ApiToken.objects.create(
                user=user,
                name=name.strip(),
                digest=token_digest(text),
                prefix=text[: len(_PREFIX) + 6],
                expires_at=expires_at,
            )
    except IntegrityError as error:
        raise ValidationError({"name": _("You have a token of this name already.")}) from error
    record(user=user, activity_type=ActivityType.CREATE_TOKEN, entity_type="token", entity_id=token.pk)
    return token, text


def token_digest(text: str) -> str:
    """What is stored of a token: a long random text needs no salt."""
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def token_revoke(*, token: ApiToken, by: User | None = None) -> None:
    """From now on the token opens nothing. `by` is who revokes it, its owner where nobody is named.

    Twice is as good as once.
    """
    changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    identities.forget()
    if changed:
        record(
            user=by or token.user,
            activity_type=ActivityType.REVOKE_TOKEN,
            entity_type="token",
            entity_id=token.pk,
            details={"owner": token.user.email, "name": token.name},
        )


def record(
    *,
    user: User,
    activity_type: str,
    entity_type: str = "",
    entity_id: object = "",
    action: str = "",
    details: dict[str, Any] | None = None,
    request: HttpRequest | None = None,
) -> UserActivity:
    """Write down what a person did, with where from if there is a request."""
    meta = request.META if request is not None else {}
    session = getattr(request, "session", None)
    row = UserActivity.objects.create(
        user=user,
        activity_type=activity_type,
        entity_type=entity_type,
        entity_id=str(entity_id),
        action=action,
        details=details or {},
        session_key=(session.session_key or "") if session is not None else "",
        ip_address=_address(request),
        user_agent=meta.get("HTTP_USER_AGENT", "")[:1000],
    )
    realtime.changed(realtime.ACTIVITY)
    return row


def record_all(
    *, user: User, activity_type: str, entity_type: str, entries: Iterable[dict[str, Any]]
) -> list[UserActivity]:
    """Write down many things of one kind that a person did, in one query.

    Each entry has `entity_id`, `action` and `details`.
    """
    rows = UserActivity.objects.bulk_create(
        UserActivity(
            user=user,
            activity_type=activity_type,
            entity_type=entity_type,
            entity_id=str(entry["entity_id"]),
            action=entry["action"],
            details=entry["details"],
        )
        for entry in entries
    )
    realtime.changed(realtime.ACTIVITY)
    return rows


def _address(request: HttpRequest | None) -> str | None:
    """The client's address as the trusted proxy tells it: behind a unix socket there is no other."""
    from allauth.account.adapter import get_adapter

    try:
        return None if request is None else str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None


def profile_change(*, user: User, **fields: Any) -> User:
    """Change what a person may change of themselves: names, language, time zone."""
    if unknown := fields.keys() - {"first_name", "last_name", "language", "timezone"}:
        raise ValueError(f"not theirs to change: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(user, name, value)
    if fields:
        user.save(update_fields=[*fields])
    return user
