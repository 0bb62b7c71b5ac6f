"""Pages of the layer, under /trading/."""

from django.urls import path

from trading.views import backtests, record, signals

app_name = "trading"
urlpatterns = [
    path("signals/", signals.signals, name="signals"),
    path("signals/<int:pk>/", signals.signal_detail, name="signal_detail"),
    path("data/reliability", record.reliability_data, name="reliability_data"),
    path("data/months", record.months_data, name="months_data"),
    path("data/risk-coverage/<str:name>", record.risk_coverage_data, name="risk_coverage_data"),
    path("backtests/", backtests.backtests, name="backtests"),
    path("backtests/ask/", backtests.ask, name="backtest_ask"),
    path("backtests/compare/", backtests.compare, name="backtests_compare"),
    path("backtests/compare/data/growth", backtests.compare_data, name="backtests_compare_data"),
    path("backtests/<int:pk>/", backtests.backtest, name="backtest"),
    path("backtests/<int:pk>/data/growth", backtests.growth_data, name="backtest_growth"),
    path("backtests/<int:pk>/data/drawdown", backtests.drawdown_data, name="backtest_drawdown"),
    path("backtests/<int:pk>/data/invested", backtests.invested_data, name="backtest_invested"),
    path("backtests/<int:pk>/data/trades", backtests.trades_data, name="backtest_trades"),
]
