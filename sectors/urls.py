"""Pages of the layer, under /sectors/."""

from django.urls import path

from sectors import views

app_name = "sectors"
urlpatterns = [
    path("data/rotations/reliability", views.rotation_diagram_data, name="rotation_diagram_data"),
    path("data/rotations/months", views.rotation_months_data, name="rotation_months_data"),
    path("", views.ranking, name="ranking"),
    path("data/rotation", views.rotation_data, name="rotation_data"),
    path("data/growth", views.growth_data, name="growth_data"),
    path("<slug:slug>/", views.sector, name="sector"),
    path("<slug:slug>/data/momentum", views.momentum_data, name="momentum_data"),
]
