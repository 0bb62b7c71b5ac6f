"""Stream entry: WebSockets only; HTTP goes through `wsgi`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryptopredict.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  # models need Django to be set up
from channels.security.websocket import WebsocketDenier  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from cryptopredict.consumers import StreamConsumer, gate  # noqa: E402

BASE = "api/v1/ws"
streams = URLRouter(
    [
        path(f"{BASE}/dashboard/<int:user_id>", StreamConsumer.as_asgi(stream="dashboard")),
        path(f"{BASE}/prices/<str:crypto_ids>", StreamConsumer.as_asgi(stream="prices")),
        path(f"{BASE}/signals/<int:user_id>", StreamConsumer.as_asgi(stream="signals")),
        path(f"{BASE}/admin/system-status", StreamConsumer.as_asgi(stream="system")),
        path(f"{BASE}/admin/suggestions", StreamConsumer.as_asgi(stream="suggestions")),
        re_path("", WebsocketDenier.as_asgi()),
    ]
)
application = ProtocolTypeRouter({"http": django_application, "websocket": gate(streams)})
