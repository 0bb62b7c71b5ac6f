"""What workers do for the layer when they are asked."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from selection.models import RebalanceProposal
from trading import services


@shared_task
def work_out_proposal(pk: int) -> bool:
    """Work out a rebalancing that was asked for; False where it is gone or done."""
    proposal = RebalanceProposal.objects.select_related("portfolio__user").filter(pk=pk).first()
    return proposal is not None and services.work_out(proposal=proposal, now=timezone.now())
