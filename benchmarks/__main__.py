"""`python -m benchmarks [name ...] [--quick] [--json FILE]`."""

from __future__ import annotations

import importlib
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from benchmarks import figures, servers

NAMES = (
    "candles",
    "live",
    "panel",
    "pipeline",
    "pages",
    "kernels",
    "admin",
    "serving",
    "streams",
    "backtest",
    "indicators",
    "ledger",
)


def main() -> None:
    """Run them one after the other and show each as it is done."""
    parser = ArgumentParser("benchmarks", description="Measure the product beside what others take.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="smaller: a few minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    scale = figures.QUICK if options.quick else figures.FULL
    console, kept = Console(), {}
    with servers.running():
        for name in options.names or NAMES:
            with console.status(f"measuring {name}"):
                found = importlib.import_module(f"benchmarks.{name}").run(scale)
            console.print(figures.table(name, found))
            kept[name] = [asdict(figure) | {"met": figure.met} for figure in found]
            if options.json:
                _write(options.json, scale, kept)


def _write(path: Path, scale: figures.Scale, kept: dict[str, Any]) -> None:
    path.write_bytes(orjson.dumps({"scale": asdict(scale), "figures": kept}, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
