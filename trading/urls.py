"""Pages of the layer, under /trading/."""

from django.urls import path

from trading.views import backtests, orders, performance, portfolio, record, risk, signals

app_name = "trading"
urlpatterns = [
    path("signals/", signals.signals, name="signals"),
    path("signals/data/", signals.signals_data, name="signals_data"),
    path("signals/<int:pk>/", signals.signal_detail, name="signal_detail"),
    path("signals/<int:pk>/execute/", orders.execute, name="execute"),
    path("signals/<int:pk>/preview/", orders.preview, name="preview"),
    path("positions/<int:pk>/close/", orders.close, name="close"),
    path("portfolio/", portfolio.portfolio, name="portfolio"),
    path("portfolio/data/worth", portfolio.curve_data, name="curve_data"),
    path("portfolio/data/drawdown", portfolio.drawdown_data, name="drawdown_data"),
    path("portfolio/cash/", portfolio.set_cash, name="set_cash"),
    path("portfolio/import/", portfolio.import_trades, name="import_trades"),
    path("portfolio/export/", portfolio.export_trades, name="export_trades"),
    path("portfolio/rebalance/", portfolio.rebalance, name="rebalance"),
    path("risk-profile/", risk.risk_profile, name="risk_profile"),
    path("data/reliability", record.reliability_data, name="reliability_data"),
    path("data/months", record.months_data, name="months_data"),
    path("data/risk-coverage/<str:name>", record.risk_coverage_data, name="risk_coverage_data"),
    path("performance/", performance.performance, name="performance"),
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
