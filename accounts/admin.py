"""People and what they may, tokens, messages, activity and audit, on the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.models import (
    ApiToken,
    AuditEntry,
    Notification,
    NotificationChannel,
    NotificationDelivery,
    NotificationPriority,
    NotificationType,
    Role,
    User,
    UserActivity,
)
from cryptopredict.common.desk import (
    UNKNOWN,
    Exportable,
    RecordAdmin,
    RefusalsAsMessages,
    moment,
    refusal,
    table,
)


class LockFilter(admin.SimpleListFilter):
    """Who is locked out now."""

    title = _("lock-out")
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Locked out")), ("failed", _("Failed log-ins"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(lockout_expires__gt=timezone.now())
        return queryset.filter(failed_login_attempts__gt=0) if self.value() == "failed" else queryset


class UserForm(forms.ModelForm):
    """The groups decide what somebody who is no administrator may do on the desk."""

    timezone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [(name, name) for name in sorted(available_timezones())]
    )

    class Meta:
        model = User
        fields = ["role", "is_active", "groups", "first_name", "last_name", "language", "timezone", "notes"]


class NewUserForm(forms.ModelForm):
    """Who is let in: the rest of an account is its owner's."""

    class Meta:
        model = User
        fields = ["email", "role"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("A user with this e-mail address exists already."))
        return email


@admin.register(User)
class UserAdmin(RefusalsAsMessages):
    """Roles, groups and lock-outs. People sign up themselves, or are let in with a password shown once."""

    form = UserForm
    list_display = ["email", "role", "desk", "is_active", "is_verified", "locked", "last_login", "created_at"]
    list_filter = ["role", "is_active", "is_verified", LockFilter, "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    actions = ["unlock", "close", "reopen", "remove_second_factor"]
    fields = ["email", "role", "is_active", "groups", "first_name", "last_name", "language", "timezone"]
    fields += [
        "notes",
        "is_verified",
        "factors",
        "locked",
        "login_count",
        "last_login",
        "tokens",
        "lately",
        "created_at",
    ]
    readonly_fields = ["email", "is_verified", "locked", "login_count", "last_login", "tokens", "lately"]
    readonly_fields += ["created_at", "factors"]
    filter_horizontal = ["groups"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if change else NewUserForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fields(request, obj) if obj else ["email", "role"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return super().get_readonly_fields(request, obj) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A person has records, so the account is closed rather than deleted."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators only, whatever a group says: who changes roles could make themselves one."""
        return bool(request.user.is_superuser)

    @admin.display(description=_("on the desk"))
    def desk(self, user: User) -> str:
        if user.role == Role.ADMIN:
            return _t("everything")
        return ", ".join(group.name for group in user.groups.all()) or UNKNOWN

    @admin.display(description=_("locked out until"))
    def locked(self, user: User) -> str:
        until = user.lockout_expires
        return moment(until) if until and until > timezone.now() else UNKNOWN

    @admin.display(description=_("second factor"))
    def factors(self, user: User) -> str:
        kinds = [row.get_type_display() for row in user.authenticator_set.order_by("pk")]
        return ", ".join(str(kind) for kind in kinds) or UNKNOWN

    @admin.display(description=_("tokens"))
    def tokens(self, user: User) -> SafeString | str:
        rows = user.api_tokens.order_by("-created_at")
        told = [
            (row.prefix, row.name, moment(row.created_at), moment(row.expires_at), moment(row.revoked_at))
            for row in rows
        ]
        return table([_t("token"), _t("name"), _t("made"), _t("expires"), _t("revoked")], told)

    @admin.display(description=_("lately"))
    def lately(self, user: User) -> SafeString | str:
        rows = user.activities.order_by("-activity_time")[:10]
        told = [
            (
                moment(row.activity_time),
                row.get_activity_type_display(),
                row.action,
                row.ip_address or UNKNOWN,
            )
            for row in rows
        ]
        return table([_t("when"), _t("what"), _t("how"), _t("from")], told)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            made = services.create_user(email=obj.email, role=obj.role)
            obj.pk = made.pk
            words = _t("%(user)s logs in with %(password)s; it is shown this once, and theirs to change.")
            told = {"user": made.email, "password": made.raw_password}
            self.message_user(request, words % told, messages.WARNING)
            return
        services.user_change(
            user=obj, by=request.user, role=obj.role, is_active=obj.is_active, notes=obj.notes
        )
        own = ("first_name", "last_name", "language", "timezone")
        services.profile_change(user=obj, **{name: form.cleaned_data[name] for name in own})

    @admin.action(description=_("Lift the lock-out"), permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._change(request, queryset, unlock=True)

    @admin.action(description=_("Close the account"), permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._change(request, queryset, is_active=False)

    @admin.action(description=_("Open the account again"), permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._change(request, queryset, is_active=True)

    @admin.action(description=_("Remove a lost second factor"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, services.second_factor_remove)

    def _change(self, request: HttpRequest, queryset: QuerySet[User], **change: Any) -> None:
        self._each(request, queryset, partial(services.user_change, **change))

    def _each(self, request: HttpRequest, queryset: QuerySet[User], work: Callable[..., Any]) -> None:
        for user in queryset:
            try:
                work(user=user, by=request.user)
            except (ValidationError, PermissionDenied) as error:
                self.message_user(request, f"{user}: {refusal(error)}", messages.ERROR)
            else:
                self.message_user(request, _t("%(user)s: done") % {"user": user}, messages.SUCCESS)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """What members of a group may do on the desk; administrators only, for the same reason as roles."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission


@admin.register(ApiToken)
class ApiTokenAdmin(RecordAdmin):
    """Keys for programs: looked at and revoked; only their first characters are known."""

    list_display = ["prefix", "name", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email"]
    ordering = ["-created_at", "-pk"]
    exclude = ["digest"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        rows = list(queryset.filter(revoked_at=None).select_related("user"))
        for token in rows:
            services.token_revoke(token=token, by=request.user)
        text = ngettext("%d token was revoked.", "%d tokens were revoked.", len(rows))
        self.message_user(request, text % len(rows), messages.SUCCESS)


class MessageForm(forms.Form):
    """A message to everyone of a role and above."""

    role = forms.ChoiceField(
        label=_("To"), choices=Role.choices, help_text=_("Everyone who has this role or one above it.")
    )
    notification_type = forms.ChoiceField(
        label=_("Kind"), choices=NotificationType.choices, initial=NotificationType.SYSTEM
    )
    priority = forms.ChoiceField(
        label=_("Priority"), choices=NotificationPriority.choices, initial=NotificationPriority.NORMAL
    )
    title = forms.CharField(
        label=_("Title"), max_length=200, widget=forms.TextInput({"class": "vLargeTextField"})
    )
    message = forms.CharField(
        label=_("Message"), max_length=4000, widget=forms.Textarea({"rows": 5, "class": "vLargeTextField"})
    )


@admin.register(Notification)
class NotificationAdmin(RecordAdmin):
    """What people were told; a message goes to everyone of a role at once."""

    list_display = ["created_at", "user", "notification_type", "priority", "title", "status", "read_at"]
    list_filter = ["notification_type", "priority", "status"]
    list_select_related = ["user"]
    search_fields = ["title", "user__email"]
    ordering = ["-created_at", "-pk"]
    change_list_template = "admin/accounts/notification/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        own = path("send/", self.admin_site.admin_view(self.send), name="accounts_notification_send")
        return [own, *super().get_urls()]

    def send(self, request: HttpRequest) -> HttpResponse:
        """Write to everyone of a role."""
        if not request.user.is_superuser:
            raise PermissionDenied
        form = MessageForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            sent = services.notify_role(**form.cleaned_data)
            text = ngettext("Sent to %d person.", "Sent to %d people.", sent)
            self.message_user(request, text % sent, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:accounts_notification_changelist"))
        context = {**self.admin_site.each_context(request), "form": form, "opts": self.opts}
        context["title"] = _t("Send a message")
        return TemplateResponse(request, "admin/accounts/notification/send.html", context)


@admin.register(NotificationChannel)
class NotificationChannelAdmin(RecordAdmin):
    """Where people want what; the addresses are theirs and not shown."""

    list_display = ["user", "notification_type", "least_priority", "is_active", "created_at"]
    list_select_related = ["user"]
    exclude = ["address"]
    search_fields = ["user__email"]
    ordering = ["user", "pk"]


@admin.register(NotificationDelivery)
class NotificationDeliveryAdmin(RecordAdmin):
    """What was sent where outside the app, and what failed of it."""

    list_display = ["created_at", "notification", "channel_kind", "status", "attempts", "error", "sent_at"]
    list_filter = ["status"]
    list_select_related = ["notification__user", "channel"]
    search_fields = ["notification__title", "notification__user__email", "error"]
    ordering = ["-pk"]
    exclude = ["channel"]  # its address is a key

    @admin.display(description=_("to"))
    def channel_kind(self, row: NotificationDelivery) -> str:
        return row.channel.scheme


@admin.register(UserActivity)
class UserActivityAdmin(Exportable, RecordAdmin):
    """What people did, newest first."""

    list_display = ["activity_time", "user", "activity_type", "entity_type", "entity_id", "action"]
    list_display += ["ip_address"]
    list_filter = ["activity_type", "entity_type"]
    list_select_related = ["user"]
    search_fields = ["user__email", "entity_id", "action", "details"]
    ordering = ["-activity_time", "-pk"]
    date_hierarchy = "activity_time"


@admin.register(AuditEntry)
class AuditEntryAdmin(Exportable, RecordAdmin):
    """Every change a person made: who, when, what, before and after."""

    list_display = ["at", "user", "table_name", "object_id", "operation", "differs", "place"]
    list_filter = ["operation", "table_name"]
    list_select_related = ["user"]
    search_fields = ["user__email", "table_name", "=object_id", "place", "before", "after"]
    ordering = ["-at", "-pk"]
    date_hierarchy = "at"
    fields = ["at", "user", "table_name", "object_id", "operation", "place", "difference"]
    readonly_fields = ["difference"]

    @admin.display(description=_("changed"))
    def differs(self, entry: AuditEntry) -> str:
        names = sorted(entry.before if entry.operation == "update" else entry.after or entry.before or {})
        return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")

    @admin.display(description=_("difference"))
    def difference(self, entry: AuditEntry) -> SafeString | str:
        before, after = entry.before or {}, entry.after or {}
        rows = [
            (name, _shown(before.get(name)), _shown(after.get(name))) for name in sorted({*before, *after})
        ]
        return table([_t("column"), _t("before"), _t("after")], rows)


def _shown(value: Any) -> str:
    return UNKNOWN if value is None else str(value)[:500]
