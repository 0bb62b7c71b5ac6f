"""Every address of the product."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import defaults

from cryptopredict import coin, dashboard, health, record, reviewlinks, system
from cryptopredict.common import restapi

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("dashboard/sentence/", dashboard.sentence, name="dashboard_sentence"),
    path("dashboard/<slug:slug>/", dashboard.part, name="dashboard_part"),
    path("coins/<int:pk>/", coin.coin, name="coin"),
    path("coins/<int:pk>/data/candles", coin.candle_data, name="coin_candles"),
    path("coins/<int:pk>/data/scores", coin.score_data, name="coin_scores"),
    path("record/", record.record, name="record"),
    path("models/", include("aimodels.urls")),
    path("system/", system.system, name="system"),
    path("macro/", include("macro.urls")),
    path("sectors/", include("sectors.urls")),
    path("selection/", include("selection.urls")),
    path("trading/", include("trading.urls")),
    path("api/v1/", include("accounts.api")),
    path("api/v1/", include("assets.api")),
    path("api/v1/", include("aimodels.api")),
    path("api/v1/", include("macro.api")),
    path("api/v1/", include("sectors.api")),
    path("api/v1/", include("selection.api")),
    path("api/v1/", include("trading.api")),
    path("api/v1/", include("cryptopredict.api")),
    path("review/<str:text>", reviewlinks.review_link, name="review_link"),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
]


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return restapi.bad_request(request, exception)
    return defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return restapi.forbidden(request, exception)
    return defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return restapi.not_found(request, exception)
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return restapi.server_error(request)
    return defaults.server_error(request)
