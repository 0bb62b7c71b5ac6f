"""What people change about themselves."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import NotificationPriority, NotificationType, User

THEMES = (("system", _("As your system")), ("light", _("Light")), ("dark", _("Dark")))
SPANS = (("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), ("", _("Until it is revoked")))


@cache
def zones() -> list[tuple[str, str]]:
    """The time zones this machine knows, by name; read from disk once."""
    return [(name, name) for name in sorted(available_timezones())]


class ZoneSelect(forms.Select):
    """A select of hundreds of names, written at once: Django's own renders a template for each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The element with its options, those of `choices`; `value` is chosen."""
        chosen = str(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, " selected" if key == chosen else "", word) for key, word in self.choices),
        )
        written = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", written, options)


class ProfileForm(forms.Form):
    """Name, language, zone and colours of one person."""

    first_name = forms.CharField(label=_("First name"), max_length=50, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=50, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zones,
        widget=ZoneSelect,
        help_text=_("Times are shown relative; the exact one, on hover, is in this zone."),
    )
    theme = forms.ChoiceField(label=_("Colours of the page"), choices=THEMES)
    swap_colours = forms.BooleanField(
        label=_("Swap the colours of up and down"),
        required=False,
        help_text=_("Blue is up and orange is down; swapped it is the other way round."),
    )

    @classmethod
    def of(cls, user: User, data: Any = None) -> ProfileForm:
        """The form with what is stored about `user`."""
        saved = user.preferences
        initial = {
            "first_name": user.first_name,
            "last_name": user.last_name,
            "language": saved.get("language", user.language),
            "timezone": user.timezone,
            "theme": saved.get("theme", "system"),
            "swap_colours": bool(saved.get("swap_colours")),
        }
        return cls(data, initial=initial)


class TokenForm(forms.Form):
    """A key for programs."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("To know it by, for example the program that uses it.")
    )
    days = forms.ChoiceField(label=_("Valid for"), choices=SPANS, required=False)

    def span(self) -> timedelta | None:
        """How long the key opens; None is without end. Only after the form was found valid."""
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days else None


LEAST = (
    ("", _("Never")),
    ("low", _("All")),
    ("normal", _("Normal and above")),
    ("high", _("High and above")),
    ("urgent", _("Urgent only")),
)


class PlacesForm(forms.Form):
    """From which priority on each type of message is wanted in the app and by e-mail."""

    def __init__(self, data: Any = None, *, wanted: dict[tuple[str, str], str]) -> None:
        super().__init__(data)
        for kind, place in wanted:
            name = NotificationType(kind).label
            where = _("in the app") if place == "app" else _("by e-mail")
            self.fields[f"{kind}_{place}"] = forms.ChoiceField(
                label=f"{name}, {where}", choices=LEAST, required=False, initial=wanted[kind, place]
            )

    def rows(self) -> list[tuple[str, Any, Any]]:
        """The name of each type with its two fields."""
        return [
            (str(kind.label), self[f"{kind.value}_app"], self[f"{kind.value}_email"])
            for kind in NotificationType
        ]

    def wanted(self) -> dict[tuple[str, str], str]:
        """As `own_places_set` takes it. Only after the form was found valid."""
        told = {}
        for name, value in self.cleaned_data.items():
            kind, _line, place = name.rpartition("_")
            told[kind, place] = value
        return told


class ServiceForm(forms.Form):
    """A service that messages are sent to."""

    address = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("An Apprise URL, for example tgram://bot-token/chat or ntfy://topic."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Kinds"),
        choices=NotificationType.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[NotificationType.SIGNAL, NotificationType.ALERT],
    )
    least_priority = forms.ChoiceField(
        label=_("From this priority on"),
        choices=NotificationPriority.choices,
        initial=NotificationPriority.NORMAL,
    )
