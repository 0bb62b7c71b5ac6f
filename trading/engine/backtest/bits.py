"""Where a row of marks is set, found 64 marks at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

ONE = np.uint64(1)
GATHER = np.uint64(
    0x0102040810204080
)  # times eight bytes of 0 or 1: their bits come together in the top byte
SEVEN_BYTES = np.uint64(56)


def _lowest(typingctx: Any, word: Any) -> Any:
    """What numba makes of `lowest`: one instruction."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), lower


lowest: Callable[[Any], int] = cast("Any", intrinsic(_lowest))
"""Position of the lowest set bit of a 64-bit word that is not 0."""


@njit(cache=True, nogil=True)
def packed(marks: Bytes, bits: Bytes) -> None:
    """One bit for each byte (0 or 1) of `marks`, whose length is a multiple of 8, into `bits`."""
    eights = marks.view(np.uint64)
    for k in range(eights.shape[0]):
        bits[k] = (eights[k] * GATHER) >> SEVEN_BYTES
