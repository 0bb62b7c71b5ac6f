"""The project's addresses with this layer's among them, wherever the project puts it."""

from django.urls import include, path

from cryptopredict.urls import handler404, handler500
from cryptopredict.urls import urlpatterns as project

__all__ = ["handler404", "handler500", "urlpatterns"]
urlpatterns = [
    path("trading/", include("trading.urls")),
    path("api/v1/", include("trading.api")),
    *project,
]
