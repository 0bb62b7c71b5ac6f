"""HTTP entry: pages and API, and in front of them the answers that lie ready."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryptopredict.settings")
django_application = get_wsgi_application()

from cryptopredict.common.restapi.ready import ReadyAnswers  # noqa: E402  # needs Django to be set up

application = ReadyAnswers(django_application)
