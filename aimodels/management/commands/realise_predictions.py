from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from aimodels import services


class Command(BaseCommand):
    help = (
        "Score every prediction whose time has come against the candles: accuracy, error, inside its "
        "interval or not. Where no bar has come a week later, the reason is kept. Safe to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", metavar="T", help="as if it were then (ISO 8601, UTC; default: now)")

    def handle(self, *args: Any, **options: Any) -> None:
        found = services.resolve(as_of=_moment(options["as_of"]))
        self.stdout.write(f"{found.scored} predictions scored")
        for reason, count in found.unknown.items():
            self.stdout.write(f"{count} without an outcome: {reason}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"--as-of {text}: not a moment; write it like 2024-12-31 or 2024-12-31T08:00"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > timezone.now():
        raise CommandError(f"--as-of {text}: lies in the future, where nothing has come to its end")
    return moment
