"""A fit comes back from storage bit for bit, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from aimodels.engine.artefact import ArtefactError, decode, digest, encode
from aimodels.engine.linear import Linear
from assets.engine.panel import Floats, Ints, same

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
VECTORS = arrays(np.float64, st.integers(0, 5), elements=NUMBERS)


@dataclass(frozen=True, slots=True)
class Fit:
    """Everything a layer's fit may hold."""

    level: float
    word: str
    count: int
    flag: bool
    table: Floats
    codes: Ints
    pair: tuple[float, float]
    heads: dict[str, Linear]
    stages: tuple[Linear, ...]
    extra: Linear | None


LINEARS = st.builds(Linear, mean=VECTORS, scale=VECTORS, weights=VECTORS, intercept=NUMBERS)
FITS = st.builds(
    Fit,
    level=NUMBERS,
    word=st.text(),
    count=st.integers(),
    flag=st.booleans(),
    table=arrays(np.float64, array_shapes(max_dims=3, min_side=0, max_side=3), elements=NUMBERS),
    codes=arrays(np.int64, st.integers(0, 4)),
    pair=st.tuples(NUMBERS, NUMBERS),
    heads=st.dictionaries(st.text(), LINEARS, max_size=2),
    stages=st.lists(LINEARS, max_size=2).map(tuple),
    extra=st.none() | LINEARS,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(fit=FITS)
def test_a_fit_survives_storage_bit_for_bit(fit: Fit) -> None:
    stored = encode(fit)
    back = decode(Fit, stored, digest(stored))
    assert same(back, fit)
    assert encode(back) == stored
    assert np.array_equal(np.signbit(back.table), np.signbit(fit.table)) or np.isnan(fit.table).any()


def test_the_hash_depends_on_the_values_not_on_the_order_of_keys() -> None:
    line = Linear(np.zeros(1), np.ones(1), np.array([0.1]), 0.5)
    assert encode({"a": 1.0, "b": line}) == encode({"b": line, "a": 1.0})
    other = Linear(np.zeros(1), np.ones(1), np.array([np.nextafter(0.1, 1)]), 0.5)
    assert digest(encode(line)) != digest(encode(other))


def test_a_wrong_hash_is_refused() -> None:
    stored = encode(Linear(np.zeros(1), np.ones(1), np.ones(1), 0.5))
    with pytest.raises(ArtefactError, match="hash differs"):
        decode(Linear, stored.replace(b"0.5", b"0.6"), digest(stored))


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not json",
        b'{"intercept":1.0}',
        b"\xff\xfe",
        b'{"intercept":0.5,"mean":{"array":[1.0],"dtype":"float64","shape":[2]},"scale":{"array":[],"dtype":'
        b'"float64","shape":[0]},"weights":{"array":[],"dtype":"float64","shape":[0]}}',
    ],
)
def test_bytes_that_are_no_such_model_are_refused(stored: bytes) -> None:
    with pytest.raises(ArtefactError, match="not a Linear"):
        decode(Linear, stored)


@pytest.mark.parametrize("stored", [b"1", b"[]", b"null", b'"words"'])
def test_json_of_another_kind_is_refused(stored: bytes) -> None:
    with pytest.raises(ArtefactError, match="not a Linear"):
        decode(Linear, stored)
