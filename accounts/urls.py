"""A person's own pages, under /accounts/ before allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/unread/", views.bell, name="bell"),
    path("notifications/read/", views.read_all, name="notifications_read"),
    path("notifications/settings/", views.channels, name="channels"),
    path("notifications/settings/add/", views.channel_add, name="channel_add"),
    path("notifications/settings/<int:pk>/test/", views.channel_test, name="channel_test"),
    path("notifications/settings/<int:pk>/remove/", views.channel_remove, name="channel_remove"),
    path("notifications/<int:pk>/<str:change>/", views.notification_change, name="notification_change"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
]
