"""What choosing by score brought, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from selection.engine.lead import lead

NAN = np.nan


def test_the_best_are_held_to_the_next_close_beside_all_that_were_scored() -> None:
    close = np.array([[100.0, 100.0, 100.0], [110.0, 100.0, 90.0], [110.0, 120.0, 90.0]])
    score = np.array([[1.0, 0.5, 0.0], [0.0, 0.9, 0.5], [1.0, 1.0, 1.0]])
    first, second = 1.1 / 1.0, 1.2 / (1.0 + 0.2 / 3)
    assert lead(close, score) == pytest.approx([0.0, first - 1.0, first * second - 1.0])


def test_it_begins_with_the_first_close_that_was_scored() -> None:
    close = np.array([[1.0, 1.0], [50.0, 1.0], [50.0, 2.0]])
    score = np.array([[NAN, NAN], [0.2, 0.8], [0.2, 0.8]])
    assert lead(close, score) == pytest.approx([0.0, 2.0 / 1.5 - 1.0])
    assert len(lead(close, np.full((3, 2), NAN))) == 0


def test_what_has_no_next_close_or_no_score_counts_in_neither() -> None:
    close = np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 1.0, NAN, 9.0]])
    score = np.array([[0.9, 0.1, 0.95, NAN], [NAN, NAN, NAN, NAN]])
    assert lead(close, score) == pytest.approx([0.0, 2.0 / 1.5 - 1.0])


def test_where_none_is_among_the_best_nothing_is_gained() -> None:
    close, score = np.array([[1.0, 1.0], [2.0, 1.0]]), np.array([[0.5, 0.2], [NAN, NAN]])
    assert lead(close, score) == pytest.approx([0.0, 0.0])
