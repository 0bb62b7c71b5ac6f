"""What people read of a model's standing: reasons that records keep in English, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aimodels.engine.footing import Cause

SERVES: Mapping[str, Promise | str] = {
    Cause.REFUSED: _("version %(version)s goes on serving: its successor was judged worse and refused"),
    Cause.ROLLED_BACK: _("version %(version)s serves: it was rolled back to"),
    Cause.BROKEN: _("version %(version)s serves: the file of a newer one is not what was stored"),
    Cause.SHORT_HISTORY: _("version %(version)s goes on serving: too little to learn the next from"),
}
SILENT: Mapping[str, Promise | str] = {
    "missing": _("no version served this close"),
    Cause.BROKEN: _("the model's file is not what was stored, and no sound version is left: train it again"),
    Cause.SHORT_HISTORY: _("there was too little history to learn from by then"),
    Cause.EXPIRED: _("version %(version)s had expired by then and no newer one served: train it again"),
}


def standing_words(document: Mapping[str, Any]) -> str:
    """The reason of a stored standing (`Footing.document`); empty where there is nothing to say."""
    if not document:
        return ""
    words = (SILENT if document["withheld"] else SERVES).get(document["state"])
    return document["reason"] if words is None else str(words) % {"version": document["version"]}
