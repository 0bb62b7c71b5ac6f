from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _static_files_from_the_source(settings: Any) -> None:
    """Pages are tested without a collectstatic before it: files are found where they are written."""
    settings.WHITENOISE_AUTOREFRESH = True
