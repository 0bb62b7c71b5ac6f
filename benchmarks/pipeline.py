"""The daily pipeline: a backfill, one new day, what history costs, and the engines without a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from aimodels.engine.spec import fit_time
from assets.engine.timeframe import Timeframe
from benchmarks import market
from benchmarks.costs import Cost, Peak, cost, middle
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database
from cryptopredict import lookahead, pipeline
from macro.engine import SPECS as MACRO_SPECS

_DAY = Timeframe.DAY
_LATER = 3  # days after a fit that are run one by one: what a day costs that needs no new fit
_AROUND = datetime(2025, 6, 1, tzinfo=UTC)


def run(scale: Scale) -> list[Figure]:
    """Seconds, queries and memory a stage of both runs, and the ratios that they must keep.

    The market is stored up to the shorter history, four days are run (the first makes every fit anew), then
    it goes on to the longer one: the backfill, and four days again.
    """
    short, long = scale.history
    fits = fit_time(MACRO_SPECS[0], _AROUND)
    days = long + _LATER
    world = market.simulated(fits + timedelta(days=_LATER), days, scale.assets)
    with fresh_database():
        market.store(world, 0, short + _LATER)
        early = _days(fits - timedelta(days=long - short))
        market.store(world, short + _LATER, days)
        backfill = _Run(fits - timedelta(days=scale.span), fits - timedelta(days=1))
        late = _days(fits)
        ratios = [
            _against_engines("the backfill", backfill),
            _against_engines("a day with new fits", late[0]),
        ]
    assets = f"{scale.assets} assets"
    return [
        Figure(f"{scale.span} days of {assets}", backfill.cost.seconds, "s", 120.0, at_most=True),
        Figure(f"{scale.span} days, processor time", backfill.cost.cpu, "s"),
        *backfill.figures("backfill"),
        Figure(f"one new day of {assets}", _middle(late).seconds, "s", 10.0, at_most=True),
        Figure("one new day, processor time", _middle(late).cpu, "s"),
        *late[_LATER].figures("new day"),
        Figure("a day on which every model is fitted anew", late[0].cost.seconds, "s"),
        Figure("a day of new fits, processor time", late[0].cost.cpu, "s"),
        Figure(
            f"a day after {long} days of history against after {short}, processor time",
            _middle(late).cpu / _middle(early).cpu,
            "x",
            1.15,
            at_most=True,
        ),
        *ratios,
    ]


class _Run:
    """One run of the pipeline over the closes `since` to `as_of`, measured."""

    def __init__(self, since: datetime, as_of: datetime) -> None:
        self.since, self.as_of = since, as_of
        self.peaks: dict[str, float] = {}
        with Peak() as peak:

            def ended(stage: str, seconds: float) -> None:
                self.peaks[stage] = peak.take()

            self.cost: Cost = cost(lambda: self._run(ended))

    def _run(self, ended: Callable[[str, float], None]) -> None:
        self.record = pipeline.run(timeframe=_DAY, as_of=self.as_of, since=self.since, progress=ended)

    def figures(self, name: str) -> list[Figure]:
        """What each stage took."""
        found = []
        for stage in self.record.stages:
            said = f"{name}, {stage['stage']}"
            found += [
                Figure(f"{said}: time", stage["seconds"], "s"),
                Figure(f"{said}: queries", float(stage["queries"]), ""),
                Figure(f"{said}: memory, at most", self.peaks[stage["stage"]], "MB"),
            ]
        return found


def _days(first: datetime) -> list[_Run]:
    """The day whose close is `first`, and those after it, one by one."""
    closes = [first + timedelta(days=later) for later in range(_LATER + 1)]
    return [_Run(close, close) for close in closes]


def _middle(runs: list[_Run]) -> Cost:
    """Of the days that needed no new fit."""
    return middle([one.cost for one in runs[1:]])


def _against_engines(name: str, run: _Run) -> Figure:
    """How many times the engines' own processor time the run took, fits included in both."""
    days = (run.as_of - run.since).days + 1
    rows = lookahead.lookback(_DAY) + days
    world = lookahead.load(_DAY, run.as_of, rows)
    alone = cost(lambda: lookahead.funnel(world, rows - days))
    return Figure(f"{name} against the engines alone", run.cost.cpu / alone.cpu, "x", 3.0, at_most=True)
