"""Pages of the layer, under /macro/."""

from django.urls import path

from macro import views

app_name = "macro"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("data/regime", views.regime_data, name="regime_data"),
    path("data/dominance", views.dominance_data, name="dominance_data"),
    path("data/mood", views.mood_data, name="mood_data"),
    path("data/forecasts/reliability", views.forecast_diagram_data, name="forecast_diagram_data"),
    path("data/forecasts/months", views.forecast_months_data, name="forecast_months_data"),
]
