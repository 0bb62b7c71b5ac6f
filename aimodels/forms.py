"""What an administrator asks a training for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

SHORTEST_DAYS, LONGEST_DAYS = 28, 5000  # the service's own limits, so that the browser can say them


class RetrainForm(forms.Form):
    """How much of the past is walked forward, and which share of it judges."""

    days = forms.IntegerField(
        label=_("Days walked forward"),
        min_value=SHORTEST_DAYS,
        max_value=LONGEST_DAYS,
        initial=730,
        help_text=_("The last days that are judged, fold by fold, by fits that had not seen them."),
    )
    validation_split = forms.FloatField(
        label=_("Share of them that is recent"),
        min_value=0.05,
        max_value=0.9,
        initial=0.2,
        help_text=_("Calibration, coverage and rank skill are compared on this last share."),
    )
