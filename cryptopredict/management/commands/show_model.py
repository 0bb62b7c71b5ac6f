from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from aimodels import selectors
from aimodels.serializers import FullCardSerializer
from assets.engine.timeframe import Timeframe
from cryptopredict.common.encoding import encode


class Command(BaseCommand):
    help = "Print a model's card: what it is, what it saw, how it stands, how well it did on unseen bars."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--json", action="store_true", help="as the API has it, with versions and decisions"
        )
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            card = selectors.card(options["name"], options["timeframe"], timezone.now())
        except selectors.Unknown as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(encode(FullCardSerializer(card).data).decode())
        else:
            self.stdout.write(selectors.text(card))
