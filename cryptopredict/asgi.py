"""Stream entry: WebSockets only; HTTP goes through `wsgi`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryptopredict.settings")
application = get_asgi_application()
