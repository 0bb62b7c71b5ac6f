"""Every figure of the table of proof, out of sample on candles from a file, beside what it has to reach.

`python -m benchmarks.layers CANDLES [--series FILE] [--unseen 2023-01-01] [--to 2024-12-31]`: the funnel
walks forward in memory, every model refitted on its grid from bars of its past. `--since` begins the longer
window on which macro and allocation are judged, which need a bear market in it.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from aimodels.engine.figures import Figure, Span
from aimodels.engine.registry import Declared
from aimodels.engine.spec import fit_times
from benchmarks import real
from cryptopredict.registry import CATALOGUE, Workshop

LONG = ("macro", "sectors")  # layers whose money is judged over years


def main() -> None:
    """Print one table a model, and write all to --json."""
    parser = ArgumentParser("benchmarks.layers", description="Judge the layers on real candles.")
    parser.add_argument("candles", type=Path)
    parser.add_argument("--series", type=Path, help="fear & greed, funding and other series, wide by date")
    parser.add_argument("--begin", type=_day, default=_day("2014-01-01"), help="first bar that is read")
    parser.add_argument("--since", type=_day, default=_day("2020-01-01"))
    parser.add_argument("--unseen", type=_day, default=_day("2023-01-01"))
    parser.add_argument("--to", type=_day, default=_day("2024-12-31"))
    parser.add_argument("--models", nargs="*", default=sorted(CATALOGUE.models))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    ground = Workshop(real.load(options.candles, options.series, options.begin, options.to))
    console, kept = Console(width=120), {}
    for name, declared in CATALOGUE.models.items():
        if name not in options.models and not _needed(name, options.models):
            continue
        started = time.perf_counter()
        fits = _walk(ground, declared, options.since if declared.layer in LONG else options.unseen)
        ground.fits[name] = fits
        spent = time.perf_counter() - started
        if name not in options.models:
            continue
        for window in dict.fromkeys(
            (options.since, options.unseen) if declared.layer in LONG else (options.unseen,)
        ):
            figures = judged(ground, declared, fits, window)
            title = f"{name}, {window:%Y-%m-%d} to {options.to:%Y-%m-%d} ({len(fits)} fits in {spent:.1f} s)"
            console.print(_table(title, figures))
            kept[f"{name} {window:%Y-%m-%d}"] = {one.name: one.document() for one in figures}
    if options.json:
        options.json.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))


def _needed(name: str, chosen: list[str]) -> bool:
    return any(name in CATALOGUE.models[other].needs for other in chosen)


def _walk(ground: Workshop, declared: Declared, since: datetime) -> Mapping[datetime, Any]:
    inputs, panel = ground.inputs(declared.layer), ground.panel
    found = {}
    for moment in fit_times(declared.spec, panel, panel.known_at(since) - 1):
        try:
            found[moment] = declared.fit(inputs, panel.known_at(moment) - 1)
        except ValueError:
            continue  # too little history by then: the figures say that nothing was told
    return found


def judged(
    ground: Workshop, declared: Declared, fits: Mapping[datetime, Any], since: datetime
) -> tuple[Figure, ...]:
    """The model's figures on all bars from `since` on."""
    first = ground.panel.known_at(since) - 1
    span = Span(first, np.ones(len(ground.panel.times) - first, dtype=np.bool_))
    return declared.judge(ground, fits, span)


def _table(title: str, figures: tuple[Figure, ...]) -> Table:
    table = Table(
        "figure", "value", "95 % interval", "rival", "floor", "goal", "stands", "cases", title=title
    )
    for one in figures:
        bounds = ["" if x is None else f"{x:g}" for x in (one.bounds.floor, one.bounds.goal)]
        interval = f"{one.low:.4f} to {one.high:.4f}" if np.isfinite(one.low) else ""
        rival = f"{one.rival:.4f}" if np.isfinite(one.rival) else ""
        table.add_row(
            one.name, f"{one.value:.4f}", interval, rival, *bounds, one.grade().value, f"{one.cases:,}"
        )
    return table


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
