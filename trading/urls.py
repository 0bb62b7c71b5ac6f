"""Pages of the layer, under /trading/."""

from django.urls import path

from trading.views import orders, portfolio, risk, signals

app_name = "trading"
urlpatterns = [
    path("signals/", signals.signals, name="signals"),
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
]
