"""The ledger: every issued record and every outcome, chained by hashes in the transaction that wrote them.

The database writes it, by a trigger of each statement (migration `ledger`): no writer can pass it by, bulk
inserts are one statement, and the lock of the chain puts parallel writers in a row. What is recorded is named
by column, so that a column added later does not change what was recorded before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connections, models, transaction

from aimodels.engine.chain import Event, Fault, Finding, Link, check
from cryptopredict.common import schema

_BATCH = 20_000


class LedgerEvent(models.TextChoices):
    ISSUED = Event.ISSUED.value
    ADOPTED = Event.ADOPTED.value
    RESOLVED = Event.RESOLVED.value


class LedgerFormat(models.Model):
    """Which columns of which table an entry covers."""

    table = models.CharField(max_length=63)
    event = models.CharField(max_length=10, choices=LedgerEvent)
    columns = ArrayField(models.CharField(max_length=63))

    class Meta:
        constraints = [schema.unique("table", "event", "columns"), schema.one_of("event", LedgerEvent)]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.table} {self.event}"


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    """Reads of the chain."""

    def head(self) -> LedgerEntry | None:
        """The newest entry. Its `seq` and `hash`, noted elsewhere, bind all before it: not even who owns the
        database can then rewrite that unseen."""
        return self.order_by("-seq").first()

    def findings(self) -> Iterator[Finding]:
        """Everything altered, missing or back-filled, against the records as they are now; one snapshot."""
        with transaction.atomic(using=self.db), connections[self.db].cursor() as cursor:
            cursor.execute("SET LOCAL timezone TO 'UTC'")
            cursor.execute("SET LOCAL extra_float_digits TO 1")
            yield from check(self._links())
            yield from self._unrecorded()

    def _links(self) -> Iterator[Link]:
        formats = {row.pk: row for row in LedgerFormat.objects.using(self.db)}
        last = 0
        while True:
            rows = self._batch(formats, last)
            yield from rows
            if not rows:
                return
            last = rows[-1].seq

    def _batch(self, formats: dict[int, LedgerFormat], after: int) -> list[Link]:
        """The next entries with what their records give; one statement a format."""
        found: list[Link] = []
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT format_id, max(max(seq)) OVER () FROM (SELECT format_id, seq FROM "
                "aimodels_ledgerentry WHERE seq > %s ORDER BY seq LIMIT %s) few GROUP BY format_id",
                [after, _BATCH],
            )
            wanted = cursor.fetchall()
            for format_id, last in wanted:
                found += self._of_format(formats[format_id], after, last)
        return sorted(found, key=lambda one: one.seq)

    def _of_format(self, kind: LedgerFormat, after: int, last: int) -> list[Link]:
        table = connections[self.db].ops.quote_name(kind.table)
        with connections[self.db].cursor() as cursor:
            description = connections[self.db].introspection.get_table_description(cursor, kind.table)
            others = sorted({column.name for column in description} - set(kind.columns))
            cursor.execute(
                "SELECT e.seq, e.record_id, e.written_at, e.digest, e.hash, CASE WHEN r.id IS NOT NULL THEN "
                "aimodels_ledger_digest(e.seq, e.format_id, e.record_id, e.written_at, "
                "to_jsonb(r) - %s::text[]) END, r.created_at "
                f"FROM aimodels_ledgerentry e LEFT JOIN {table} r ON r.id = e.record_id "
                "WHERE e.format_id = %s AND e.seq > %s AND e.seq <= %s",
                [others, kind.pk, after, last],
            )
            rows = cursor.fetchall()
        return [
            Link(
                seq=seq,
                table=kind.table,
                event=Event(kind.event),
                record_id=record,
                written_at=written,
                digest=bytes(digest),
                hash=bytes(chained),
                found=None if given is None else bytes(given),
                made_at=made,
            )
            for seq, record, written, digest, chained, given, made in rows
        ]

    def _unrecorded(self) -> Iterator[Finding]:
        """Records, and outcomes, that were never entered: put in past the triggers."""
        for model in chained():
            table, outcome = model._meta.db_table, model.RESOLVED_BY  # type: ignore[attr-defined]  # every chained model has it
            began = (Event.ISSUED.value, Event.ADOPTED.value)
            for events, condition in ((began, "TRUE"), ((Event.RESOLVED.value,), f"{outcome} IS NOT NULL")):
                with connections[self.db].cursor() as cursor:
                    cursor.execute(
                        f"SELECT r.id FROM {table} r WHERE {condition} AND NOT EXISTS (SELECT 1 FROM "
                        "aimodels_ledgerentry e JOIN aimodels_ledgerformat f ON f.id = e.format_id "
                        'WHERE f."table" = %s AND f.event = ANY(%s) AND e.record_id = r.id) ORDER BY r.id',
                        [table, list(events)],
                    )
                    for (record,) in cursor.fetchall():
                        detail = f"was never entered as {events[0]}"
                        yield Finding(Fault.BACK_FILLED, table, record, 0, detail)


class LedgerEntry(models.Model):
    """One link: a record as it was issued, or its outcome. Only the database writes it."""

    seq = models.BigIntegerField(primary_key=True)
    format = models.ForeignKey(
        LedgerFormat,
        on_delete=models.PROTECT,
        related_name="entries",
        db_index=False,
        db_constraint=False,  # formats are never deleted, and a check for each entry would cost more than it
    )
    record_id = models.BigIntegerField()
    written_at = models.DateTimeField()
    digest = models.BinaryField(help_text="SHA-256 of what was recorded")
    hash = models.BinaryField(help_text="SHA-256 of the link before and the digest")

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [schema.unique("format", "record_id")]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.seq} {self.format_id} {self.record_id}"


def chained() -> list[type[models.Model]]:
    """The models whose records are chained: those that say which column's filling is their outcome."""
    return [model for model in apps.get_models() if getattr(model, "RESOLVED_BY", "")]
