"""Pages of the layer, under /selection/."""

from django.urls import path

from selection import views

app_name = "selection"
urlpatterns = [
    path("watchlist/", views.watchlist, name="watchlist"),
    path("watchlist/data/scores", views.score_data, name="score_data"),
    path("data/record/months", views.record_months_data, name="record_months_data"),
    path("watchlist/tier/", views.set_tier, name="set_tier"),
    path("watchlist/lists/", views.list_create, name="list_create"),
    path("watchlist/lists/<int:pk>/delete/", views.list_delete, name="list_delete"),
    path("watchlist/lists/<int:pk>/items/", views.item_add, name="item_add"),
    path("watchlist/items/<int:pk>/move/", views.item_move, name="item_move"),
    path("watchlist/items/<int:pk>/remove/", views.item_remove, name="item_remove"),
    path("suggestions/", views.suggestions, name="suggestions"),
    path("suggestions/decide/", views.decide, name="decide"),
]
