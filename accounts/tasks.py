"""What workers do for people's messages."""

from __future__ import annotations

from celery import shared_task

from accounts import services


@shared_task
def deliver() -> int:
    """Send what is due to the places that people asked for; returns how many messages arrived."""
    return services.deliver()
