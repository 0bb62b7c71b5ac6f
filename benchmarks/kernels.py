"""The cold start of the compiled loops: on an empty cache, and once they are there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from benchmarks.figures import Figure, Scale

_ROOT = Path(__file__).resolve().parents[1]


def run(scale: Scale) -> list[Figure]:
    """Seconds of a process that calls every kernel once, without and with a cache, and the difference."""
    with tempfile.TemporaryDirectory(prefix="cryptopredict-kernels-") as folder:
        env = os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(_ROOT)}
        cold, cold_cpu = _process(scale.kernels, env)
        warm, warm_cpu = _process(scale.kernels, env)
        kernels = len(list(Path(folder).rglob("*.nbc")))
    return [
        Figure("kernels compiled", float(kernels), ""),
        Figure("a process that needs them all, nothing compiled", cold, "s"),
        Figure("the same, all of them compiled", warm, "s"),
        Figure("processor time of compiling", cold_cpu - warm_cpu, "s"),
    ]


def _process(arguments: tuple[str, ...], env: Mapping[str, str]) -> tuple[float, float]:
    """Seconds on the clock and of processor of a fresh Python."""
    before, begun = _children(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=_ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun, _children() - before


def _children() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system
