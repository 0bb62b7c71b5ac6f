"""The form a decision is confirmed with, and how a page tells what it will change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from selection.models import DEFERRED_DAYS, MOST_DEFERRED_DAYS, Decision
from selection.words import TIER_NAMES

if TYPE_CHECKING:
    from selection.services import Outcome


class DecisionForm(forms.Form):
    """The note a decision is kept with; for how long, where it is put off."""

    notes = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3, "cols": 70})
    )
    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=MOST_DEFERRED_DAYS, initial=DEFERRED_DAYS
    )

    def __init__(self, data: Any = None, *, decision: str, **options: Any) -> None:
        super().__init__(data, **options)
        if decision == Decision.REJECT:
            self.fields["notes"].required = True
            self.fields["notes"].help_text = _("Why it is rejected; kept with the decision.")
            self.fields["notes"].error_messages["required"] = _(
                "Say why it is rejected: the note is kept with the decision."
            )
        if decision != Decision.DEFER:
            del self.fields["days"]


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change of a bulk decision: from where to where, and which coins."""

    kind: str
    before: str
    after: str
    symbols: tuple[str, ...]


def grouped(answers: Sequence[Outcome]) -> list[Change]:
    """The changes put together by what they do, in the order in which they first come."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in answers:
        found.setdefault((each.suggestion_type, each.before, each.after), []).append(each.symbol)
    return [
        Change(kind, str(TIER_NAMES[before]), str(TIER_NAMES[after]), tuple(symbols))
        for (kind, before, after), symbols in found.items()
    ]


def refused(answers: Sequence[Outcome]) -> list[tuple[str, tuple[str, ...]]]:
    """Why some cannot be carried out, each reason once with the coins it holds for."""
    found: dict[str, list[str]] = {}
    for each in answers:
        if not each.is_done:
            found.setdefault(each.reason, []).append(each.symbol)
    return [(reason, tuple(symbols)) for reason, symbols in found.items()]
