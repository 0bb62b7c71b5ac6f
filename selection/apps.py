from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SelectionConfig(AppConfig):
    name = "selection"
    verbose_name = "Layer 3: selection"

    def ready(self) -> None:
        post_migrate.connect(_reviewers, sender=self)


def _reviewers(using: str, **_options: Any) -> None:
    """A group of its own for those who decide on suggestions: permissions exist only after migrating."""
    from selection.services.reviewers import ensure_group

    ensure_group(using=using)
