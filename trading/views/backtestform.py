"""What a backtest is asked for with, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from assets.engine.timeframe import Timeframe
from trading.services import Plan

SPAN_DAYS = 365
LENGTHS = ((Timeframe.DAY, _("1 day")), (Timeframe.HOURS_4, _("4 hours")), (Timeframe.HOUR, _("1 hour")))
MOST_SWEEP = 1000


class BacktestForm(forms.Form):
    """The span, the costs and the rules; shares of 1. The service has the last word on each."""

    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    timeframe = forms.ChoiceField(
        label=_("Length of a bar"), choices=[(t.value, name) for t, name in LENGTHS]
    )
    fees = forms.FloatField(label=_("Fee, share of a fill"), initial=Plan().fees, min_value=0)
    slippage = forms.FloatField(label=_("Slippage, share of a fill"), initial=Plan().slippage, min_value=0)
    universe = forms.IntegerField(
        label=_("Coins at most"),
        initial=Plan().universe,
        min_value=1,
        help_text=_("The most traded of each close, for layers 2 to 4; layer 1 judges the whole market."),
    )
    least_confidence = forms.FloatField(
        label=_("Least confidence"), initial=Plan().least_confidence, min_value=0, max_value=1
    )
    sweep = forms.CharField(
        label=_("Variants to try"),
        required=False,
        max_length=MOST_SWEEP,
        widget=forms.TextInput(attrs={"dir": "ltr", "placeholder": "stop=1,1.25; target=2,2.5"}),
        help_text=_("Each is counted: the more are tried, the more the Sharpe ratio is deflated."),
    )

    @classmethod
    def around(cls, last: datetime | None) -> BacktestForm:
        """The form for the year up to the last close."""
        until = (last or datetime.now(UTC)).date()
        return cls(initial={"since": until - timedelta(days=SPAN_DAYS), "until": until})

    def clean_sweep(self) -> dict[str, list[float]]:
        """``name=value,value; name=value`` as a grid."""
        grid: dict[str, list[float]] = {}
        for part in filter(None, (one.strip() for one in self.cleaned_data["sweep"].split(";"))):
            name, _sign, values = part.partition("=")
            try:
                grid[name.strip()] = [float(value) for value in values.split(",")]
            except ValueError as error:
                raise ValidationError(
                    _t("“%(part)s” is no variant; write it like stop=1,1.25."), params={"part": part}
                ) from error
        return grid

    def asked(self) -> dict[str, Any]:
        """Arguments of the service; after `is_valid`."""
        told = dict(self.cleaned_data)
        span = {
            name: datetime.combine(told.pop(name), datetime.min.time(), tzinfo=UTC)
            for name in ("since", "until")
        }
        return {**span, "timeframe": Timeframe(told.pop("timeframe")), "plan": Plan(**told)}
