"""Links that decide: signed for one person, one suggestion and one decision, good for one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from selection.models import Decision, Suggestion, SuggestionReview
from selection.services import reviews

SALT = "selection.review"
GOOD_FOR = timedelta(days=14)
OFFERED = (Decision.APPROVE, Decision.REJECT, Decision.DEFER)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stands for; `after` is the last decision on the suggestion when it was made (0 for none).

    Any decision since makes the link worthless, and so does its own use: that is what makes it single-use.
    """

    suggestion: Suggestion
    reviewer: User
    decision: Decision
    after: int


def sign(*, suggestion: Suggestion, reviewer: User, decision: str, after: int) -> str:
    """The text that `read` turns back into a link."""
    return signing.dumps([suggestion.pk, reviewer.pk, decision, after], salt=SALT)


def read(text: str) -> Link:
    """What a link stands for. Raises ValidationError, saying why, where it is worth nothing (any more)."""
    try:
        pk, user, decision, after = signing.loads(text, salt=SALT, max_age=GOOD_FOR)
    except signing.SignatureExpired as error:
        raise ValidationError(_("This link is too old. Log in and open the queue."), code="old") from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise ValidationError(_("This link is not one of ours, or it was cut."), code="bad") from error
    suggestion = Suggestion.objects.select_related("asset", "reviewed_by").filter(pk=pk).first()
    reviewer = User.objects.filter(pk=user, is_active=True, deleted_at=None).first()
    if suggestion is None or reviewer is None or not reviewer.has_perm(reviews.PERMISSION):
        raise ValidationError(_("Who this link was made for may not decide any more."), code="void")
    link = Link(suggestion, reviewer, Decision(decision), after)
    if last_review(suggestion) != after:
        raise ValidationError(_used(suggestion), code="used")
    return link


def use(*, text: str, notes: str) -> SuggestionReview:
    """Carry out what a link stands for, once. Raises ValidationError, PermissionDenied like `review`."""
    link = read(text)
    return reviews.review(
        suggestion=link.suggestion,
        reviewer=link.reviewer,
        decision=link.decision,
        notes=notes,
        after=link.after,
    )


def last_review(suggestion: Suggestion) -> int:
    """The newest decision on a suggestion; 0 where there is none."""
    return suggestion.reviews.aggregate(pk=Max("pk"))["pk"] or 0


def _used(suggestion: Suggestion) -> str:
    newest = suggestion.reviews.select_related("reviewer").order_by("-pk")[0]
    message = _("%(who)s has decided on %(moment)s already: %(decision)s. A link is good for one use.")
    return message % {
        "who": newest.reviewer,
        "moment": f"{newest.reviewed_at:%Y-%m-%d %H:%M} UTC",
        "decision": newest.get_decision_display(),
    }
