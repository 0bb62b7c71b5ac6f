"""What signals were worth (placeholder until written below)."""

urlpatterns: list = []
