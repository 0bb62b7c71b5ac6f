"""The layer over HTTP; paths are relative to /api/v1/."""

from trading.api import backtests, performance, signals

urlpatterns = [*signals.urlpatterns, *backtests.urlpatterns, *performance.urlpatterns]
