"""Who is told of a signal, and how: open pages by the stream, people by a notification."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import NotificationType, Role, User
from accounts.services import notify
from assets import selectors as assets
from cryptopredict.common.realtime import Topic, publish
from trading.models import SignalExecution, TradingSignal
from trading.serializers import ExecutionSerializer, SignalSerializer

READERS = [role for role in Role if role.rank >= Role.CASUAL.rank]


def announce(ids: Iterable[int]) -> list[TradingSignal]:
    """Tell open pages how these signals stand now, in one event of the shape that the API gives."""
    rows = list(TradingSignal.objects.filter(pk__in=ids).select_related("asset").order_by("pk"))
    if rows:
        first = rows[0]
        newest = max(row.as_of for row in rows)
        reason = assets.stale_reason(first.timeframe, newest, max(row.updated_at for row in rows))
        publish(Topic.SIGNAL, list(SignalSerializer(rows, many=True, context={"stale_reason": reason}).data))
    return rows


def notify_of(signals: Sequence[TradingSignal]) -> None:
    """One message a run to each person who may read signals, in their language."""
    people = User.objects.filter(is_active=True, deleted_at=None, role__in=READERS).order_by("language", "pk")
    for language, readers in groupby(people, key=lambda user: user.language):
        with translation.override(language):
            notify(
                users=readers,
                notification_type=NotificationType.SIGNAL,
                title=_title(signals),
                message="\n".join(_line(signal) for signal in signals),
                data={"signals": [signal.pk for signal in signals]},
                expires_at=max(signal.expires_at for signal in signals),
            )


def tell_owner(executions: Sequence[SignalExecution]) -> None:
    """Tell each person's open pages what was done for them, one event a person, as the API gives it."""
    for user, own in groupby(sorted(executions, key=lambda row: row.user_id), key=lambda row: row.user_id):
        publish(Topic.PORTFOLIO, list(ExecutionSerializer(list(own), many=True).data), recipient=user)


def notify_closed(closings: Sequence[SignalExecution]) -> None:
    """One message to each person whose positions were closed for them, in their language."""
    by_person = sorted(closings, key=lambda row: row.user_id)
    for _pk, rows in groupby(by_person, key=lambda row: row.user_id):
        own = list(rows)
        with translation.override(own[0].user.language):
            count = ngettext("%d position was closed", "%d positions were closed", len(own)) % len(own)
            notify(
                users=[own[0].user],
                notification_type=NotificationType.ALERT,
                title=count,
                message="\n".join(_closing_line(row) for row in own),
                data={"executions": [row.pk for row in own]},
            )


def notify_ended(positions: Sequence[SignalExecution]) -> None:
    """Tell owners of live positions that their signal has ended: the exit is theirs to make and to report."""
    for row in positions:
        with translation.override(row.user.language):
            words = {"symbol": row.signal.asset.symbol, "direction": row.signal.get_signal_type_display()}
            notify(
                users=[row.user],
                notification_type=NotificationType.ALERT,
                title=_("The signal behind your %(symbol)s position has ended") % words,
                message=_(
                    "%(symbol)s %(direction)s: its target, stop or time was reached. "
                    "Report your exit, so that the position is closed here too."
                )
                % words,
                data={"executions": [row.pk]},
            )


def notify_executed(executions: Sequence[SignalExecution]) -> None:
    """One message to a person for whom rules have executed signals, in their language."""
    if not executions:
        return
    user = executions[0].user
    with translation.override(user.language):
        title = ngettext(
            "%d signal was executed on paper", "%d signals were executed on paper", len(executions)
        ) % len(executions)
        notify(
            users=[user],
            notification_type=NotificationType.SIGNAL,
            title=title,
            message="\n".join(_entry_line(row) for row in executions),
            data={"executions": [row.pk for row in executions]},
        )


def _closing_line(row: SignalExecution) -> str:
    return _("%(symbol)s %(direction)s: %(reason)s at %(price)s USD, %(profit)s USD after fees.") % {
        "symbol": row.signal.asset.symbol,
        "direction": row.signal.get_signal_type_display(),
        "reason": str(row.get_exit_reason_display()).lower(),
        "price": f"{row.execution_price:.10g}",
        "profit": f"{row.realised_pnl:+,.2f}",
    }


def _entry_line(row: SignalExecution) -> str:
    return _("%(symbol)s %(direction)s: %(size)s USD at %(price)s.") % {
        "symbol": row.signal.asset.symbol,
        "direction": row.signal.get_signal_type_display(),
        "size": f"{row.filled_size:,.2f}",
        "price": f"{row.execution_price:.10g}",
    }


def _title(signals: Sequence[TradingSignal]) -> str:
    if len(signals) == 1:
        [signal] = signals
        return _("New signal: %(symbol)s %(direction)s") % {
            "symbol": signal.asset.symbol,
            "direction": signal.get_signal_type_display(),
        }
    return ngettext("%d new signal", "%d new signals", len(signals)) % len(signals)


def _line(signal: TradingSignal) -> str:
    return _(
        "%(symbol)s %(direction)s: entry %(entry)s, target %(target)s, stop %(stop)s USD; "
        "confidence %(chance)d %%, break-even %(even)d %%."
    ) % {
        "symbol": signal.asset.symbol,
        "direction": signal.get_signal_type_display(),
        "entry": f"{signal.entry_price.normalize():f}",
        "target": f"{signal.target_price.normalize():f}",
        "stop": f"{signal.stop_loss.normalize():f}",
        "chance": round(100 * signal.confidence_score),
        "even": round(100 * signal.break_even),
    }
