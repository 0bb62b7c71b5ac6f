"""The benchmarks at a size where nothing is measured: that they run, and say what the product did."""

from __future__ import annotations

import importlib
import math

import pytest
from rich.console import Console

from benchmarks import __main__ as command
from benchmarks.figures import Figure, Scale, table

# Enough history for the shape of a run, too little for a fit; of the kernels those of the moving windows.
TINY = Scale(
    bars=2_000,
    rounds=1,
    assets=6,
    live=5,
    panel=(4, 30),
    span=3,
    history=(28, 56),
    kernels=("-c", "from assets.engine import rolling; import numpy; rolling.mean(numpy.ones((9, 2)), 3, 3)"),
    backtest=(5, 60),
    indicators=(3, 60),
    ledger=50,
    clients=8,
    messages=5,
    seconds=0.2,
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", command.NAMES)
def test_every_benchmark_runs_and_its_figures_are_finite(name: str) -> None:
    found = importlib.import_module(f"benchmarks.{name}").run(TINY)
    assert len({figure.name for figure in found}) == len(found) > 0
    assert all(math.isfinite(figure.value) and figure.value >= 0 for figure in found)
    assert sum(figure.value > 0 for figure in found) >= len(found) / 2


def test_a_missed_target_is_said_to_be_missed() -> None:
    least, most = Figure("speed", 0.3, "x", 0.35), Figure("time", 9.0, "s", 10.0, at_most=True)
    assert (least.met, most.met, Figure("size", 1.0, "MB").met) == (False, True, None)
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table("storing", [least, most]))
    words = shown.get()
    assert "missed" in words.splitlines()[4]
    assert "at most 10 s" in words.splitlines()[5]


def test_a_name_that_no_benchmark_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "panel", "panels"])
    with pytest.raises(SystemExit):
        command.main()
    assert "no benchmark is called panels; there are candles" in capsys.readouterr().err
