"""Pages of the registry, under /models/."""

from django.urls import path

from aimodels import views

app_name = "aimodels"
urlpatterns = [
    path("", views.models, name="models"),
    path("data/coverage", views.coverage_data, name="coverage_data"),
    path("<str:name>/", views.model, name="model"),
    path("<str:name>/retrain/", views.retrain, name="retrain"),
    path("<str:name>/rollback/", views.rollback, name="rollback"),
    path("<str:name>/trainings/<int:pk>/cancel/", views.cancel, name="cancel"),
]
