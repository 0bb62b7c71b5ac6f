"""The compiled loops: all of them ahead, and beside a first start only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cryptopredict import bootstrap

ROOT = Path(__file__).resolve().parents[1]
LEFT = """
import sys
import django
django.setup()
from numba.core.dispatcher import Dispatcher
from cryptopredict import kernels
kernels.compile_all()
# A loop that only other loops call is part of them: loaded from the cache, it is not seen by itself.
found = {
    thing
    for name, module in list(sys.modules.items()) if ".engine" in name
    for thing in vars(module).values() if isinstance(thing, Dispatcher)
}
inside = {name for one in found if one.signatures for name in one.py_func.__code__.co_names}
for depth in range(3):
    inside |= {
        name for one in found if one.py_func.__name__ in inside for name in one.py_func.__code__.co_names
    }
left = {one.py_func.__name__ for one in found if not one.signatures} - inside
print(len(found) > 20, sorted(left))
"""


def test_no_loop_of_the_engines_is_left_to_be_compiled_later() -> None:
    """In a process of its own: here other tests have called them already."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT], cwd=ROOT, capture_output=True, text=True, timeout=170, check=True
    )
    assert done.stdout == "True []\n"


@pytest.mark.parametrize("compiled", [True, False])
def test_only_a_start_that_finds_nothing_compiled_compiles_beside_the_tables(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(bootstrap.kernels, "compiled", lambda: compiled)
    monkeypatch.setattr(bootstrap.subprocess, "Popen", lambda command, **options: started.append(command[-1]))
    bootstrap.compiler()
    assert started == ([] if compiled else ["compile_kernels"])
