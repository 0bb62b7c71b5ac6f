from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _static_files_from_the_source(settings: Any) -> None:
    """Pages are tested without a collectstatic before it: plain names, found where they are written."""
    storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    settings.WHITENOISE_AUTOREFRESH = True
