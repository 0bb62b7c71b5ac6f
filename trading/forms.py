"""What people ask for on the pages of the layer: orders, reported fills, cash, imports, limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from selection.formats import MOST_BYTES
from trading.models import RiskProfile

SEPARATORS = str.maketrans({"٫": ".", "٬": "", "\u00a0": "", " ": ""})
UNITS = (("usd", _("USD")), ("percent", _("% of the portfolio")))
KEY = r"^[0-9a-f]{32}$"


class Figure(forms.DecimalField):
    """A number as people write it, also with Persian digits and separators; never NaN or infinite."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "dir": "ltr", "autocomplete": "off"})

    def to_python(self, value: Any) -> Decimal | None:
        """The number, exact."""
        return super().to_python(value.translate(SEPARATORS) if isinstance(value, str) else value)


class OrderForm(forms.Form):
    """What every order carries: a key that makes it one deed however often it is sent, and a confirmation."""

    key = forms.RegexField(KEY, widget=forms.HiddenInput)
    risk_confirmation = forms.BooleanField(
        required=False, label=_("I know that this money may be lost"), initial=False
    )


class PaperForm(OrderForm):
    """An order that our broker fills."""

    amount = Figure(label=_("Size"), max_value=Decimal(10) ** 12)
    unit = forms.ChoiceField(label=_("In"), choices=UNITS)
    field_order = ("amount", "unit", "risk_confirmation", "key")

    def size(self) -> dict[str, Decimal]:
        """The size as the services take it. Only after the form was found valid."""
        name = "position_size" if self.cleaned_data["unit"] == "usd" else "portfolio_percentage"
        return {name: self.cleaned_data["amount"]}


class FillForm(OrderForm):
    """What a person's own broker did."""

    quantity = Figure(label=_("Coins"))
    price = Figure(label=_("Price, USD a coin"))
    fees = Figure(label=_("Fee, USD"), required=False)
    executed_at = forms.DateTimeField(
        label=_("When"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        help_text=_("In your time zone."),
    )
    field_order = ("quantity", "price", "fees", "executed_at", "risk_confirmation", "key")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, auto_id="live_%s", **more)

    def fill(self) -> dict[str, Any]:
        """The fill as the services take it. Only after the form was found valid."""
        told = self.cleaned_data
        return {
            "quantity": told["quantity"],
            "price": told["price"],
            "fees": told["fees"] or Decimal(0),
            "executed_at": told["executed_at"],
        }


class CashForm(forms.Form):
    """How much cash there is from now on."""

    cash = Figure(label=_("Cash, USD"))


class ImportForm(forms.Form):
    """Trades as a file or as text."""

    file = forms.FileField(label=_("CSV file"), required=False)
    csv = forms.CharField(
        label=_("or the lines themselves"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "ltr", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """One text, `csv`, from whichever of the two was given."""
        told: dict[str, Any] = super().clean() or {}
        file, text = told.get("file"), told.get("csv") or ""
        if file is not None and file.size > MOST_BYTES:
            raise forms.ValidationError({"file": _("Send at most 4 MB; cut the file into several.")})
        if file is not None:
            text = self._text(file)
        if not text.strip():
            raise forms.ValidationError({"csv": _("Choose a file, or paste its lines.")})
        if len(text.replace("\r\n", "\n")) > MOST_BYTES:  # a browser ends each line with both
            raise forms.ValidationError({"csv": _("Send at most 4 MB; cut the file into several.")})
        return {**told, "csv": text}

    def _text(self, file: Any) -> str:
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError({"file": _("Save the file as CSV in UTF-8.")}) from None


def _share(label: Any, help_text: Any) -> Figure:
    return Figure(label=label, help_text=help_text, min_value=0, max_value=100)


class RiskForm(forms.Form):
    """A person's limits, shares in percent of the portfolio."""

    max_position_size = Figure(label=_("Largest position, USD"), help_text=_("Behind one signal."))
    max_position_share = _share(_("Largest position, %"), _("Of the portfolio, behind one signal."))
    max_portfolio_risk = _share(
        _("Largest loss of one trade, %"), _("What it may lose at its stop, fees included.")
    )
    max_open_risk = _share(_("Largest loss of all open trades, %"), _("If every stop is hit."))
    max_asset_exposure = _share(_("Most in one coin, %"), _("Of the portfolio."))
    max_sector_exposure = _share(_("Most in one sector, %"), _("Of the portfolio."))
    max_daily_loss = _share(
        _("Daily loss stop, %"), _("Of the day's opening value; then nothing is opened until midnight UTC.")
    )
    follows_regime = forms.BooleanField(
        label=_("Follow the advised exposure"), required=False,
        help_text=_("Longs together stay within what layer 1 advises to have in the market."),
    )  # fmt: skip
    risk_per_trade = _share(_("Fixed fraction, %"), _("What a trade sized by this rule loses at its stop."))
    target_volatility = Figure(
        label=_("Volatility target, %"), min_value=0, max_value=1000,
        help_text=_("A year's swing of the portfolio that one position may cause."),
    )  # fmt: skip
    kelly_fraction = _share(
        _("Part of Kelly's share, %"), _("100 is all of it, which few can bear; 25 is usual.")
    )
    is_automatic = forms.BooleanField(
        label=_("Execute new signals on paper by themselves"), required=False,
        help_text=_("Each at the smallest of these sizes, and only if it passes every limit."),
    )  # fmt: skip

    LIMITS = (
        "max_position_size", "max_position_share", "max_portfolio_risk", "max_open_risk",
        "max_asset_exposure", "max_sector_exposure", "max_daily_loss", "follows_regime",
    )  # fmt: skip
    SIZES = ("risk_per_trade", "target_volatility", "kelly_fraction", "is_automatic")
    PLAIN = ("max_position_size", "follows_regime", "is_automatic")

    @classmethod
    def of(cls, profile: RiskProfile, data: Any = None) -> RiskForm:
        """The form with what is stored."""
        stored = {name: getattr(profile, name) for name in cls.base_fields}
        stored |= {
            name: f"{Decimal(repr(value)) * 100:f}".rstrip("0").rstrip(".") or "0"
            for name, value in stored.items()
            if name not in cls.PLAIN
        }
        stored["max_position_size"] = f"{Decimal(profile.max_position_size).normalize():f}"
        return cls(data, initial=stored)

    def limits(self) -> list[Any]:
        """The fields of the limits."""
        return [self[name] for name in self.LIMITS]

    def sizes(self) -> list[Any]:
        """The fields of what decides sizes."""
        return [self[name] for name in self.SIZES]

    def changes(self) -> dict[str, Any]:
        """Each limit as the services take it. Only after the form was found valid."""
        return {
            name: value if name in self.PLAIN else float(value / 100)
            for name, value in self.cleaned_data.items()
        }


def faults_of(form: forms.Form) -> list[dict[str, Any]]:
    """What is wrong with a form as the services would tell it; empty where nothing is."""
    if form.is_valid():
        return []
    return [
        {
            "field": str(form.fields[name].label or name) if name in form.fields else "",
            "name": name,
            "value": form.data.get(name, ""),
            "rule": " ".join(str(text) for text in texts),
            "mend": "",
        }
        for name, texts in form.errors.items()
    ]
