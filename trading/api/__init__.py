"""The layer over HTTP; paths are relative to /api/v1/."""

from trading.api import executions, portfolio, signals

urlpatterns = [*signals.urlpatterns, *executions.urlpatterns, *portfolio.urlpatterns]
