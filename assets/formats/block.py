"""The unit in which files are read: some columns of some rows, and where they stand in the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assets.formats.errors import RULES, Reason, Reject

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BLOCK_ROWS = 100_000
RAW_LENGTH = 500


@dataclass(frozen=True)
class Block:
    """Columns by their position in the file; `lines` (n,); `raw` gives a row as it stands in the file.

    `rejects` are rows that could not even be cut into fields (not among the n); `position` is the progress,
    in the unit of the table's `size`.
    """

    columns: Mapping[int, pa.Array]
    lines: Ints
    raw: Callable[[int], str]
    rejects: Sequence[Reject]
    position: int

    def __len__(self) -> int:
        return len(self.lines)


@dataclass
class Verdict:
    """The first reason against each row of a block, and what to say about it."""

    block: Block
    reasons: npt.NDArray[np.object_] = field(init=False)
    good: Bools = field(init=False)
    _details: dict[int, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.reasons = np.full(len(self.block), None, dtype=object)
        self.good = np.ones(len(self.block), dtype=bool)

    def refuse(self, bad: Bools, reason: Reason, detail: Callable[[int], str] | None = None) -> None:
        """Sets `reason` on the rows of `bad` (n,) that were good so far; `detail(row)` joins the message."""
        for row in np.flatnonzero(bad & self.good):
            self.reasons[row] = reason
            if detail is not None:
                self._details[int(row)] = detail(int(row))
        self.good &= ~bad

    def rejects(self) -> list[Reject]:
        """All refused rows of the block in the order of the file."""
        refused = [
            Reject(int(self.block.lines[row]), self.reasons[row], self._message(row), self.block.raw(row))
            for row in map(int, np.flatnonzero(~self.good))
        ]
        return sorted([*self.block.rejects, *refused], key=lambda reject: reject.line)

    def _message(self, row: int) -> str:
        rule, detail = RULES[self.reasons[row]], self._details.get(row)
        return f"{rule} ({detail})" if detail else rule
