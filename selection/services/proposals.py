"""Rebalancings: asked for, then filled in once by whoever works them out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from selection.models import Portfolio, ProposalStatus, RebalanceProposal
from selection.services.portfolios import lock

PATIENCE = timedelta(minutes=15)  # then a proposal that nobody worked out is given up


@transaction.atomic
def ask_proposal(*, portfolio: Portfolio, now: datetime, lost: str) -> tuple[RebalanceProposal, bool]:
    """A pending proposal, and whether it is new: one that waits already is that one.

    One that has waited too long has been lost with its queue; it fails with the reason `lost`.
    """
    current = lock(portfolio)
    waiting = RebalanceProposal.objects.filter(portfolio=current, status=ProposalStatus.PENDING)
    waiting.filter(requested_at__lt=now - PATIENCE).update(
        status=ProposalStatus.FAILED, reason=lost, finished_at=now
    )
    known = waiting.first()
    if known is not None:
        return known, False
    return RebalanceProposal.objects.create(portfolio=current), True


def answer_proposal(
    *, proposal: RebalanceProposal, answer: dict[str, Any], reason: str, as_of: datetime | None, now: datetime
) -> bool:
    """Fill a pending proposal in; without an answer it failed for `reason`. False where it was not
    pending."""
    status = ProposalStatus.DONE if answer else ProposalStatus.FAILED
    changed = RebalanceProposal.objects.filter(pk=proposal.pk, status=ProposalStatus.PENDING).update(
        status=status, proposal=answer, reason=reason, as_of=as_of, finished_at=now
    )
    return bool(changed)
