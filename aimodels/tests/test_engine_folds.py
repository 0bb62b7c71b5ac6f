"""Folds of a walk forward, and what a fit may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from aimodels.engine import folds
from aimodels.engine.artefact import ArtefactError, decode, digest, encode
from aimodels.tests.toys import BARS, HORIZON, PANEL, SPEC, TRAIN


@dataclass(frozen=True)
class Packed:
    """A fit that holds bytes of another format."""

    data: bytes


@pytest.mark.parametrize("first", [0, 200, 431])
def test_no_fold_is_judged_on_a_bar_whose_label_it_saw_or_within_the_embargo(first: int) -> None:
    walked = folds.walk_forward(SPEC, PANEL, first)
    assert walked
    for fold in walked:
        assert fold.labelled + HORIZON == fold.row
        assert fold.row < fold.start
        assert fold.start > fold.row + SPEC.embargo_days or fold.start == first
        assert PANEL.as_of(fold.row) <= fold.moment
        assert fold.row - fold.oldest < TRAIN
    for before, after in pairwise(walked):
        assert before.stop <= after.start
        assert after.moment - before.moment == timedelta(days=SPEC.refit_days)


def test_every_bar_outside_the_embargo_is_judged_once() -> None:
    walked = folds.walk_forward(SPEC, PANEL, 100)
    counts = folds.judged(walked, 100, BARS)
    assert counts.shape == (BARS - 100,)
    left_out = np.flatnonzero(~counts) + 100
    embargoed = {fold.row + 1 + k for fold in walked for k in range(-1, SPEC.embargo_days)}
    assert set(left_out.tolist()) <= embargoed


def test_bytes_survive_storage() -> None:
    fit = Packed(b"\x00\xff")
    stored = encode(fit)
    assert decode(Packed, stored, digest(stored)) == fit
    with pytest.raises(ArtefactError, match="missing"):
        decode(Packed, None)
