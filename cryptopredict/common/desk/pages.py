"""What pages of the desk share: figures are readable, records read-only, refusals told in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cryptopredict.common.desk.words import UNKNOWN, document, moment, short

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


def _when(value: datetime | None) -> SafeString:
    return format_html('<span class="moment">{}</span>', moment(value))


READABLE: tuple[tuple[type[models.Field[Any, Any]], Callable[[Any], object]], ...] = (
    (models.DateTimeField, _when),
    (models.JSONField, document),
    (models.FloatField, short),
    (models.DecimalField, short),
)


class DeskAdmin(_ModelAdmin):
    """A page of the desk: figures, moments and documents are written to be read, in lists and where a
    row is only looked at. What may be edited stays a field."""

    empty_value_display = UNKNOWN

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [
            name if name in self.list_editable else self._readable(name)
            for name in super().get_list_display(request)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [self._readable(name) for name in super().get_readonly_fields(request, obj)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """As usual, with readable columns in place of the fields that cannot be changed here."""
        fixed = None  # everything
        if self.has_change_permission(request, obj) if obj else self.has_add_permission(request):
            fixed = {getattr(each, "__name__", each) for each in self.get_readonly_fields(request, obj)}

        def shown(name: Any) -> Any:
            if isinstance(name, list | tuple):
                return tuple(shown(each) for each in name)
            return self._readable(name) if fixed is None or name in fixed else name

        return [
            (title, {**options, "fields": [shown(name) for name in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def _readable(self, name: Any) -> Any:
        """A column that writes the field of this name; `name` itself where it is read well as it is."""
        columns = self.__dict__.setdefault("_columns", {})
        if name not in columns:
            columns[name] = self._column(name)
        return columns[name]

    def _column(self, name: Any) -> Any:
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            return name
        if not isinstance(field, models.Field):
            return name
        write = next((write for kind, write in READABLE if isinstance(field, kind)), None)
        if write is None:
            return name

        @admin.display(description=field.verbose_name, ordering=name, empty_value=UNKNOWN)
        def column(row: Any) -> object:
            return write(getattr(row, name))

        column.__name__ = name  # the style sheet and the field's hint go by it
        return column


class RecordAdmin(DeskAdmin):
    """Records: to be read, never to be written by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefusalsAsMessages(DeskAdmin):
    """What a service refuses is told to the person; the whole save is undone."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        parent = super().changelist_view
        return self._told(request, lambda: parent(request, extra_context))

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        parent = super().changeform_view
        return self._told(request, lambda: parent(request, object_id, form_url, extra_context))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        parent = super().delete_view
        return self._told(request, lambda: parent(request, object_id, extra_context))

    def _told(self, request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return answer()
        except ValidationError as error:
            for text in error.messages:
                self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
