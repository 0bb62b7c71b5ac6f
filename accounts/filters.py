"""Which of a person's own things are asked for."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from accounts.models import Notification, NotificationPriority, NotificationStatus, NotificationType


class NotificationFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(
        choices=NotificationStatus.choices, label=_("Status"), empty_label=_("All")
    )
    notification_type = django_filters.ChoiceFilter(
        choices=NotificationType.choices, label=_("Kind"), empty_label=_("All")
    )
    priority = django_filters.ChoiceFilter(
        choices=NotificationPriority.choices, label=_("Priority"), empty_label=_("All")
    )

    class Meta:
        model = Notification
        fields: list[str] = []
