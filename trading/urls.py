"""Pages of the layer, under /trading/."""

from django.urls import path

from trading import views

app_name = "trading"
urlpatterns = [
    path("signals/", views.signals, name="signals"),
    path("signals/<int:pk>/", views.signal_detail, name="signal_detail"),
]
