"""What people call the layer's features."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FEATURES: Mapping[str, str | Promise] = {
    "pace_28": _("28-day pace against the other sectors"),
    "pace_84": _("84-day pace against the other sectors"),
    "volatility": _("Volatility against the other sectors"),
    "drawdown": _("Fall from its high against the other sectors"),
    "keep_logit": _("How far ahead the leaders are"),
    "margin": _("Lead of the weakest leader"),
    "gap": _("Distance between leaders and followers"),
    "churn": _("How often the lead has changed lately"),
    "stir": _("How much the sectors move against each other"),
}


def feature_name(name: str) -> str:
    """What people call the feature; one not known here keeps its name."""
    return str(FEATURES.get(name, name.replace("_", " ")))
