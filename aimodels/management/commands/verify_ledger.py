from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from aimodels.models import LedgerEntry

SHOWN = 50


def place(text: str) -> tuple[int, bytes]:
    """`SEQ:HASH` as an earlier run printed it."""
    seq, _, code = text.partition(":")
    try:
        return int(seq), bytes.fromhex(code)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no place in the ledger: write SEQ:HASH as printed") from error


class Command(BaseCommand):
    help = (
        "Check every issued signal and prediction, and every outcome, against the hash chain that the "
        "database wrote with it: what was altered, is missing or was put in afterwards is named. Exit code "
        "0: nothing; 1: something."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            type=place,
            action="append",
            default=[],
            metavar="SEQ:HASH",
            help="a head that an earlier run printed: it has to be in the chain still (may be repeated)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stdout._out, highlight=False)
        found = list(LedgerEntry.objects.findings())
        faults = [f"{one.fault}: {one.table} {one.record_id or ''} {one.detail}" for one in found]
        for seq, code in options["expect"]:
            kept = LedgerEntry.objects.filter(seq=seq).values_list("hash", flat=True).first()
            if kept is None or bytes(kept) != code:
                faults.append(f"broken: ledger entry {seq} is not the one that was printed")
        head = LedgerEntry.objects.head()
        if faults:
            if found:
                console.print(self._table(found))
            for fault in faults[len(found) :]:
                console.print(fault)
            raise CommandError(f"{len(faults)} faults in the ledger; the first: {faults[0]}")
        if head is None:
            console.print("The ledger is empty: nothing has been issued yet.")
            return
        console.print(f"{head.seq} entries: nothing altered, missing or back-filled.")
        console.print(f"Head, to be kept elsewhere: {head.seq}:{bytes(head.hash).hex()}", soft_wrap=True)

    def _table(self, found: list[Any]) -> Table:
        table = Table("fault", "table", "record", "entry", "what")
        for one in found[:SHOWN]:
            table.add_row(one.fault, one.table, str(one.record_id or ""), str(one.seq or ""), one.detail)
        if len(found) > SHOWN:
            table.caption = f"and {len(found) - SHOWN} more"
        return table
