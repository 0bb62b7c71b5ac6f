"""What a benchmark gives back, at which size it ran, and how both are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Scale:
    """How much work: bars of an import, rounds of a comparison, assets and days of the market.

    `history` are the days stored before each of the two runs whose costs are compared: multiples of the 28
    days between two fits, so that both stand at the same place between them; the shorter one is longer than
    the look-back of every layer, below which a day cannot help costing more with each day stored. `kernels`
    is the program that compiles: arguments of a fresh Python. `backtest` and `indicators`: assets and
    bars; `ledger`: records; `clients` of a stream, `messages` to each; `seconds` a server is asked for.
    """

    bars: int
    rounds: int
    assets: int
    live: int
    panel: tuple[int, int]
    span: int
    history: tuple[int, int]
    kernels: tuple[str, ...]
    backtest: tuple[int, int] = (500, 2_000)
    indicators: tuple[int, int] = (500, 5_000)
    ledger: int = 100_000
    clients: int = 1_000
    messages: int = 200
    seconds: float = 2.0


COMPILE = ("manage.py", "compile_kernels")
FULL = Scale(2_000_000, 3, 300, 500, (500, 400), 730, (52 * 28, 104 * 28), COMPILE)
QUICK = Scale(300_000, 3, 60, 500, (500, 400), 120, (52 * 28, 104 * 28), COMPILE, clients=200)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `target` is the least that will do, or the most where `at_most`."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def table(benchmark: str, figures: Sequence[Figure]) -> Table:
    """The figures of one benchmark as a person reads them."""
    shown = Table(title=benchmark, title_justify="left", min_width=92)
    shown.add_column("figure", ratio=1)
    for name in ("value", "target", ""):
        shown.add_column(name, justify="right")
    for figure in figures:
        words = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}
        shown.add_row(figure.name, f"{figure.value:,.4g} {figure.unit}", _target(figure), words[figure.met])
    return shown


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"{'at most' if figure.at_most else 'at least'} {figure.target:g} {figure.unit}"
