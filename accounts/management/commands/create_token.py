from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from accounts.services import token_issue


class Command(BaseCommand):
    help = "Create an API token and print it, once. Send it as `Authorization: Token ...`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--days", type=int, help="days until it expires (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"email: no active user {options['email']!r}; create one with create_user.")
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError(f"--days: {days} is not a number of days from 1 on.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        try:
            _, text = token_issue(user=user, name=options["name"], expires_at=expires_at)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(text)
