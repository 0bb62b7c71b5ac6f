"""The person who logs in, by e-mail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import identities, realtime, schema


class Role(models.TextChoices):
    """What a person may do; `rank` orders them."""

    GUEST = "guest", _("Guest")
    CASUAL = "casual", _("Casual investor")
    PROFESSIONAL = "professional", _("Professional")
    ADMIN = "admin", _("Administrator")

    @property
    def rank(self) -> int:
        """Position from least (0) to most allowed."""
        return list(Role).index(self)


class SubscriptionPlan(models.TextChoices):
    FREE = "free", _("Free")
    BASIC = "basic", _("Basic")
    PRO = "pro", _("Pro")
    ENTERPRISE = "enterprise", _("Enterprise")


class UserManager(BaseUserManager["User"]):
    """Creates users whose e-mail is the login; addresses are kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, role=Role.ADMIN, is_verified=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. The role decides; `is_superuser` follows it, kept in step by the database."""

    email = models.EmailField(_("e-mail address"), max_length=255, unique=True)
    first_name = models.CharField(max_length=50, blank=True)
    last_name = models.CharField(max_length=50, blank=True)
    role = models.CharField(max_length=20, choices=Role, default=Role.CASUAL)
    is_active = models.BooleanField(default=True)
    is_verified = models.BooleanField(default=False)
    login_count = models.PositiveIntegerField(default=0)
    failed_login_attempts = models.PositiveIntegerField(default=0)
    lockout_expires = models.DateTimeField(null=True, blank=True)
    preferences = models.JSONField(default=dict, blank=True)
    timezone = models.CharField(max_length=50, default="UTC")
    language = models.CharField(max_length=10, default="en", choices=settings.LANGUAGES)
    bio = models.TextField(blank=True)
    profile_picture_url = models.URLField(max_length=500, blank=True)
    referral_code = models.CharField(max_length=50, null=True, blank=True, unique=True)
    referred_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="referrals"
    )
    referral_count = models.PositiveIntegerField(default=0)
    account_balance = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    subscription_plan = models.CharField(
        max_length=20, choices=SubscriptionPlan, default=SubscriptionPlan.FREE
    )
    subscription_expires_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="deleted_users"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_unique_email"),
            schema.one_of("role", Role),
            schema.one_of("subscription_plan", SubscriptionPlan),
            schema.within("account_balance", 0),
            models.CheckConstraint(
                condition=models.Q(role=Role.ADMIN, is_superuser=True)
                | (~models.Q(role=Role.ADMIN) & models.Q(is_superuser=False)),
                name="accounts_user_superuser_is_admin",
            ),
        ]
        indexes = [
            models.Index(fields=["role"], name="accounts_user_role"),
            models.Index(fields=["is_active"], name="accounts_user_active"),
            models.Index(fields=["subscription_plan"], name="accounts_user_plan"),
            models.Index(fields=["created_at"], name="accounts_user_created"),
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_superuser = self.role == Role.ADMIN
        if kwargs.get("update_fields") is not None and "role" in kwargs["update_fields"]:
            kwargs["update_fields"] = {*kwargs["update_fields"], "is_superuser"}
        super().save(*args, **kwargs)
        identities.forget()  # the role may have changed, or the account been closed
        realtime.changed(self.pk)

    @property
    def is_staff(self) -> bool:
        """Who enters the desk: administrators, and members of a group, who see what the group permits."""
        return self.role == Role.ADMIN or (self.is_active and bool(self.get_group_permissions()))

    @property
    def full_name(self) -> str:
        """First and last name, or what stands before the @."""
        return f"{self.first_name} {self.last_name}".strip() or self.email.split("@")[0]

    def may(self, role: Role) -> bool:
        """Whether this person's role is at least `role`."""
        return Role(self.role).rank >= role.rank
