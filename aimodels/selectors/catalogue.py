"""The models that the layers have declared."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from aimodels.engine.registry import Catalogue, Declared


class Unknown(LookupError):
    """No layer has declared a model of that name; the message lists those there are."""


def catalogue() -> Catalogue:
    """What the wiring has collected (`settings.MODEL_CATALOGUE`)."""
    return cast(Catalogue, import_string(settings.MODEL_CATALOGUE))


def declared(name: str) -> Declared:
    """The declaration of a model; raises Unknown."""
    known = catalogue().models
    if name not in known:
        names = ", ".join(known)
        raise Unknown(_("“%(name)s” is not a model; there are: %(names)s.") % {"name": name, "names": names})
    return known[name]
