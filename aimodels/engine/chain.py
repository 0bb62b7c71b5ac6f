"""The arithmetic of the ledger: each link is the SHA-256 of the link before it and of what is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GENESIS = b""  # what stands before the first link
CLOCK = timedelta(seconds=5)  # a server's clock may be set back by so much
LONGEST = timedelta(days=1)  # between the start of a transaction and its entries: longer is no transaction


class Event(StrEnum):
    """What is recorded: a record as it was issued, as it was found when the ledger began, or its outcome."""

    ISSUED = "issued"
    ADOPTED = "adopted"
    RESOLVED = "resolved"


class Fault(StrEnum):
    """What is wrong with a record or with the chain."""

    ALTERED = "altered"
    MISSING = "missing"
    BACK_FILLED = "back-filled"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as stored, and what its record gives today.

    `digest` of what was recorded, `hash` of the chain up to here. `found` the digest of the record as it is
    now; None where there is no such record. `made_at` the record's own creation, None where not asked.
    """

    seq: int
    table: str
    event: Event
    record_id: int
    written_at: datetime
    digest: bytes
    hash: bytes
    found: bytes | None
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: which record (`table`, `record_id`; 0 for the chain itself), where, and what was found."""

    fault: Fault
    table: str
    record_id: int
    seq: int
    detail: str


def link(before: bytes, digest: bytes) -> bytes:
    """The hash of a link from that of the link before it."""
    return hashlib.sha256(before + digest).digest()


def check(links: Iterable[Link]) -> Iterator[Finding]:
    """Everything wrong with the entries, which come in order of `seq`.

    A link that does not follow from the one before is told once; from there on the chain is followed as it
    is stored, so that one fault does not hide the next.
    """
    before, expected, latest = GENESIS, 1, None
    for one in links:
        if one.seq != expected:
            gone = f"entries {expected} to {one.seq - 1} of the chain are gone"
            yield Finding(Fault.MISSING, "ledger", 0, one.seq, gone)
        elif link(before, one.digest) != one.hash:
            detail = "its entry does not follow from the one before"
            yield Finding(Fault.BROKEN, one.table, one.record_id, one.seq, detail)
        yield from _record(one)
        if latest is not None and one.written_at < latest - CLOCK:
            yield Finding(
                Fault.BACK_FILLED,
                one.table,
                one.record_id,
                one.seq,
                f"its entry is dated {one.written_at:%Y-%m-%d %H:%M:%S}, before the one that it follows",
            )
        before, expected = one.hash, one.seq + 1
        latest = one.written_at if latest is None else max(latest, one.written_at)


def _record(one: Link) -> Iterator[Finding]:
    """What is wrong with the record of an entry."""
    if one.found is None:
        detail = f"was {one.event} and is gone"
        yield Finding(Fault.MISSING, one.table, one.record_id, one.seq, detail)
    elif one.found != one.digest:
        yield Finding(
            Fault.ALTERED, one.table, one.record_id, one.seq, f"is not what it was when it was {one.event}"
        )
    if one.event is Event.ISSUED and one.made_at is not None:
        late = one.written_at - one.made_at
        if late > LONGEST or late < -CLOCK:
            yield Finding(
                Fault.BACK_FILLED,
                one.table,
                one.record_id,
                one.seq,
                f"says it was made {one.made_at:%Y-%m-%d %H:%M}, its entry {one.written_at:%Y-%m-%d %H:%M}",
            )
