"""The benchmarks at a size where nothing is measured: that they run, and say what the product did."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from rich.console import Console

from aimodels.engine.artefact import ArtefactError, decode, digest, encode
from benchmarks import __main__ as command
from benchmarks import trees
from benchmarks.figures import Figure, Scale, table
from benchmarks.trees import Trees

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


def test_trees_come_back_from_their_text_and_a_row_alone_says_what_it_says_among_many() -> None:
    chance = np.random.default_rng(1)
    x = chance.normal(size=(400, 3))
    x[::7, 1] = np.nan
    grown = trees.grow(x, x[:, 0] ** 2, {"objective": "regression", "num_leaves": 7}, rounds=10)
    again = trees.grow(x, x[:, 0] ** 2, {"objective": "regression", "num_leaves": 7}, rounds=10)
    assert grown == again
    stored = encode(grown)
    back = decode(Trees, stored, digest(stored))
    whole = trees.predict(back, x)
    assert np.array_equal(whole, trees.predict(grown, x))
    assert all(trees.predict(back, x[i]) == whole[i] for i in (0, 7, 399))
    assert np.corrcoef(whole, x[:, 0] ** 2)[0, 1] > 0.8


def test_a_text_cut_off_is_refused() -> None:
    x = np.random.default_rng(1).normal(size=(100, 2))
    grown = trees.grow(x, x[:, 0], {"objective": "regression"}, rounds=2)
    for text in (grown.text[:-30], grown.text[: len(grown.text) // 2], "", "tree\n"):
        with pytest.raises(ArtefactError):
            trees.predict(Trees(text, 2), x)
    with pytest.raises(ValueError, match="2 features; 3 are given"):
        trees.predict(grown, np.ones((1, 3)))
