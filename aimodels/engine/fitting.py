"""Fitting many folds, here or spread over processes and machines by joblib.

What travels to a worker is the engine's function, the layer's inputs and row numbers: no database, no
Django. Any backend that joblib knows can carry it (`joblib.parallel_config(backend="dask")`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from joblib import Parallel, delayed
from threadpoolctl import ThreadpoolController

from aimodels.engine.folds import Fold

Fit = Callable[[Any, int], Any]
#: Batches a worker gets on average: few enough that inputs seldom travel, enough to tell how far it is.
BATCHES = 4


def fitted(
    fit: Fit, inputs: Any, folds: Sequence[Fold], jobs: int | None = None
) -> Iterator[tuple[Fold, Any, float]]:
    """Each fold with its fit, or the ValueError that says why there is none, and the seconds it took.

    Batches of neighbouring folds go to joblib's workers; results come back in the order of time. With `jobs`
    None the number of workers is that of the `joblib.parallel_config` in force, without one it is 1.
    """
    if not folds:
        return
    parallel = _parallel(jobs)
    if parallel.n_jobs in (None, 1):
        for fold in folds:
            yield fold, *_fit(fit, inputs, fold.row)
        return
    size = max(1, len(folds) // (BATCHES * abs(parallel.n_jobs)))
    batches = [folds[start : start + size] for start in range(0, len(folds), size)]
    calls = (delayed(_fit_batch)(fit, inputs, [fold.row for fold in batch]) for batch in batches)
    for batch, results in zip(batches, parallel(calls), strict=True):
        for fold, result in zip(batch, results, strict=True):
            yield fold, *result


def on_one_thread() -> AbstractContextManager[Any]:
    """Linear algebra on one thread: how a sum is cut into threads moves its last digits, and a fit has to be
    the same fit wherever it is made. Beside a busy core it is faster as well."""
    limits: AbstractContextManager[Any] = _pools().limit(limits=1)
    return limits


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


def _parallel(jobs: int | None) -> Parallel:
    """Results one by one where the backend can; all at the end where it cannot."""
    try:
        return Parallel(n_jobs=jobs, return_as="generator")
    except ValueError:
        return Parallel(n_jobs=jobs)


def _fit_batch(fit: Fit, inputs: Any, rows: list[int]) -> list[tuple[Any, float]]:
    return [_fit(fit, inputs, row) for row in rows]


def _fit(fit: Fit, inputs: Any, row: int) -> tuple[Any, float]:
    started = time.perf_counter()
    try:
        with on_one_thread():
            made = fit(inputs, row)
    except ValueError as error:
        made = error
    return made, time.perf_counter() - started
