"""The product's settings with a VAR of the test run's own, shared by all of its worker processes.

Nothing starts here: the servers start with the first test that asks for one (see `conftest.py`).
"""

import os
import tempfile

# Worker processes inherit what the first one, which loads the settings before it starts them, has chosen.
if "TEST_VAR" not in os.environ:
    os.environ["TEST_VAR"] = tempfile.mkdtemp(prefix="cryptopredict-test-")
    os.environ["TEST_VAR_OWNER"] = str(os.getpid())
os.environ["VAR"] = os.environ["TEST_VAR"]

from cryptopredict.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True  # static files are found where they are written
# Shared by all workers, so off unless a test is about them.
API_RATES: dict[str, int] = {}
API_KEEP_SECONDS = 0
SESSION_ENGINE = "django.contrib.sessions.backends.db"
