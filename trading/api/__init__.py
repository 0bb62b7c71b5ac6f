"""The layer over HTTP; paths are relative to /api/v1/."""

from trading.api import backtests, executions, performance, portfolio, signals

urlpatterns = [
    *signals.urlpatterns,
    *executions.urlpatterns,
    *portfolio.urlpatterns,
    *backtests.urlpatterns,
    *performance.urlpatterns,
]
