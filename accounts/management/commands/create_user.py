from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role
from accounts.services import create_user


class Command(BaseCommand):
    help = "Create a user; without --password a random one is printed, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--password")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = create_user(email=options["email"], role=options["role"], password=options["password"])
        except ValidationError as error:
            lines = [f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items()]
            raise CommandError("; ".join(lines)) from error
        self.stdout.write(f"Created {user.email} ({user.role}).")
        if user.raw_password:
            self.stdout.write(f"Password: {user.raw_password}")
