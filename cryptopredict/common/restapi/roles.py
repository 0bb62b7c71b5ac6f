"""Who may do what: four roles, each with all rights of those before it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.views import APIView

ROLES = ("guest", "casual", "professional", "admin")


def role_at_least(user: Any, role: str) -> bool:
    """Say whether `user` is logged in, active, and has `role` or one above it."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    held = getattr(user, "role", "")
    return held in ROLES and ROLES.index(held) >= ROLES.index(role)


def RoleAtLeast(role: str) -> type[permissions.BasePermission]:
    """Return the permission class that lets `role` and those above it in."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is not one of the roles {', '.join(ROLES)}")

    class Permission(permissions.BasePermission):
        message = gettext_lazy("This needs the role “%(role)s” or one above it.") % {"role": role}

        def has_permission(self, request: Request, view: APIView) -> bool:
            return role_at_least(request.user, role)

    Permission.__name__ = f"RoleAtLeast{role.title()}"
    return Permission
