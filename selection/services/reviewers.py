"""Who may decide on suggestions without being an administrator."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

GROUP = "Reviewers"
# What a decision rests on, to be looked at; nothing about people, their holdings or their tokens.
SEEN = {
    "assets": ("asset",),
    "macro": ("regimeanalysis", "regimeforecast"),
    "sectors": ("sector", "sectoranalysis", "sectorperformance", "sectorrotation"),
    "selection": ("suggestion", "suggestionreview", "watchlist", "watchlistanalysis", "watchlistitem"),
    "trading": ("tradingsignal",),
}


def ensure_group(*, using: str = "default") -> Group | None:
    """The group "Reviewers" with its permissions; one that exists is left as an administrator made it.

    None where the tables of groups do not exist yet. Safe to run again.
    """
    from django.db import connections

    if Group._meta.db_table not in connections[using].introspection.table_names():
        return None
    group = Group.objects.using(using).filter(name=GROUP).first()
    if group is not None:
        return group
    for label in SEEN:
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    names = [f"view_{model}" for models in SEEN.values() for model in models] + ["review_suggestion"]
    found = Permission.objects.using(using).filter(codename__in=names, content_type__app_label__in=SEEN)
    group, made = Group.objects.using(using).get_or_create(name=GROUP)
    if made:
        group.permissions.set(found)
    return group
