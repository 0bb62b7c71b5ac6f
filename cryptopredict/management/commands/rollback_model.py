from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from aimodels import selectors, services
from aimodels.engine.artefact import ArtefactError
from assets.engine.timeframe import Timeframe


class Command(BaseCommand):
    help = (
        "Let an earlier version of a model serve again, past later refits, until the next training is "
        "judged. What was said with the other version stays as it was said."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--to", metavar="VERSION", help="which version (default: the one that served before)"
        )
        parser.add_argument("--timeframe", type=Timeframe, choices=list(Timeframe), default=Timeframe.DAY)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            record = services.rollback(
                name=options["name"], timeframe=options["timeframe"], to=options["to"], now=timezone.now()
            )
        except ArtefactError as error:
            raise CommandError(f"{options['to'] or 'that version'} cannot serve: {error}") from error
        except (selectors.Unknown, services.RollbackError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{record.name}: {record.serving.version} serves instead of {record.challenger.version}"
        )
