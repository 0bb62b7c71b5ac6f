from collections.abc import Callable, Iterator
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy

OURS = ("accounts", "aimodels", "assets", "cryptopredict", "macro", "sectors", "selection", "trading")


def name_holders() -> Iterator[tuple[Any, str]]:
    """Each object and attribute of ours that holds a name or hint, read on the desk and in forms."""
    for label in OURS:
        config = apps.get_app_config(label)
        yield config, "verbose_name"
        for model in config.get_models(include_auto_created=True):
            yield model._meta, "verbose_name"
            yield model._meta, "verbose_name_plural"
            for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
                yield field, "verbose_name"
                if field.help_text:
                    yield field, "help_text"


class CryptopredictConfig(AppConfig):
    name = "cryptopredict"
    verbose_name = "System"
    default = True

    def ready(self) -> None:
        """Has the names that Django derives from code looked up in the reader's language.

        Done to what is built, not to what was written: migrations see no difference, and permissions are
        named in English as ever.
        """
        lazy: Callable[[str], Any] = gettext_lazy
        for holder, attribute in name_holders():
            name = getattr(holder, attribute)
            if attribute == "verbose_name_plural" and attribute not in holder.original_attrs:
                name = str(name)  # the name with an s, made on demand
            if isinstance(name, str):
                setattr(holder, attribute, lazy(name))


class DeskConfig(admin.AdminConfig):
    """Django's admin with our site as the default one, so that every app registers as usual."""

    default_site = "cryptopredict.desksite.DeskSite"
    default = False
