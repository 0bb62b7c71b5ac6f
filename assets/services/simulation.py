"""A simulated market in the database: written once, then carried on bar by bar, its past unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.engine.panel import BAR_FIELDS, Ints, Panel
from assets.engine.simulator import SimulatedMarket, SimulationParams, StateParams, simulate
from assets.engine.timeframe import Timeframe
from assets.models import Asset, AssetType, Candle, CandleArchive, DataImport, ImportKind, ImportStatus
from assets.services.listings import Listing, register
from assets.services.locks import SIMULATION, held
from assets.services.quotes import refresh_assets
from assets.services.store import CandleBatch, store_candles

SOURCE = "simulated"
DEFAULTS: dict[str, Any] = {"assets": 120, "days": 1_400, "seed": 7, "timeframe": Timeframe.DAY}
MOST_BARS = 8_000_000  # cells of assets x bars; each takes some 400 bytes while it is being made
_PIECE = 200_000

Beside = Callable[[SimulatedMarket, datetime | None], None]
Progress = Callable[[int, int], None]


class SimulationError(RuntimeError):
    """The market cannot be simulated; the message says what to do."""


class SimulationBusyError(SimulationError):
    """Another process is writing the simulated market."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: `chosen` are the words in which a person asked for it; `record` keeps it."""

    params: SimulationParams
    seed: int
    chosen: dict[str, Any]
    record: DataImport | None

    @property
    def since(self) -> datetime | None:
        """Open time of the last bar that is certainly stored; None where that is not known."""
        done = self.record is not None and self.record.status == ImportStatus.COMPLETED
        return self.record.last_time if done and self.record else None


def simulate_market(
    *,
    end: datetime,
    beside: Beside = lambda market, since: None,
    progress: Progress = lambda done, total: None,
    **chosen: Any,
) -> DataImport:
    """Write a simulated market up to the last bar closed at `end`, or carry the one that is there on to it.

    `chosen`: assets, days, seed, timeframe; what is None or left out is DEFAULTS, or what the market there
    was made with. `beside(market, since)` writes what other layers keep of it (of days after `since`, where
    that is not None). Safe to run again after an interruption. Raises SimulationError.
    """
    with held(SIMULATION, 0) as free:
        if not free:
            raise SimulationBusyError(
                _("The simulated market is being written by another process; wait for it.")
            )
        _refuse_real_market()
        plan = _plan(end, {name: value for name, value in chosen.items() if value is not None})
        if plan.since is not None and plan.since >= plan.params.timeframe.last_closed(plan.params.end):
            assert plan.record is not None
            return plan.record
        return _write(plan, beside, progress)


def stored_simulation() -> DataImport | None:
    """The record of the simulated market in the database."""
    return DataImport.objects.filter(kind=ImportKind.SIMULATION).order_by("pk").first()


def _refuse_real_market() -> None:
    def has(model: type[Candle] | type[CandleArchive]) -> Exists:
        return Exists(model._default_manager.filter(asset_id=OuterRef("pk")))

    real: QuerySet[Asset] = Asset.objects.exclude(data_source=SOURCE).filter(has(Candle) | has(CandleArchive))
    found = real.order_by("market_cap_rank", "symbol").first()
    if found is not None:
        raise SimulationError(
            _(
                "The database holds real candles (%(symbol)s and others), and a simulated market is not "
                "mixed with them. Use another folder for it: VAR=var-simulated."
            )
            % {"symbol": found.symbol}
        )


def _plan(end: datetime, chosen: dict[str, Any]) -> Plan:
    record = stored_simulation()
    if record is None:
        words = DEFAULTS | chosen
        return Plan(_params(end, words), words["seed"], words, None)
    stored = record.parameters
    words = {**stored["chosen"], "timeframe": Timeframe(stored["chosen"]["timeframe"])}
    for name, value in chosen.items():
        if words[name] != value:
            raise SimulationError(
                _(
                    "%(name)s: %(value)s, but the simulated market there was made with %(stored)s. Leave the "
                    "option out to carry it on, or use another folder: VAR=var-other."
                )
                % {"name": name, "value": value, "stored": words[name]}
            )
    params = _decoded(stored["params"])
    if end > params.end:
        params = _checked(lambda: replace(params, end=end))
    return Plan(params, words["seed"], words, record)


def _params(end: datetime, words: dict[str, Any]) -> SimulationParams:
    def make() -> SimulationParams:
        bars = words["timeframe"].bars(timedelta(days=words["days"]))
        return SimulationParams.ending(end, bars, words["timeframe"], words["assets"])

    return _checked(make)


def _checked(make: Callable[[], SimulationParams]) -> SimulationParams:
    try:
        params = make()
    except OverflowError as error:
        raise SimulationError(_("days: the market would begin before the calendar; take fewer.")) from error
    except ValueError as error:
        raise SimulationError(str(error)) from error
    if params.bars * params.assets > MOST_BARS:
        raise SimulationError(
            _("%(bars)s bars of %(assets)s assets are more than %(most)s at once; take fewer of either.")
            % {"bars": params.bars, "assets": params.assets, "most": MOST_BARS}
        )
    return params


def _write(plan: Plan, beside: Beside, progress: Progress) -> DataImport:
    record = plan.record or DataImport(kind=ImportKind.SIMULATION, source=SOURCE, data_format="simulator")
    since, timeframe = plan.since, plan.params.timeframe
    record.status, record.error, record.timeframe = ImportStatus.RUNNING, "", timeframe
    chosen = {name: plan.chosen[name] for name in DEFAULTS}
    record.parameters = {"chosen": chosen, "params": _encoded(plan.params)}
    record.save()
    try:
        market = simulate(plan.params, plan.seed)
        record.rows_stored += _store(market, since, progress)
        beside(market, since)
        refresh_assets(timeframe)
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt | SystemExit)
        record.error = "interrupted" if interrupted else type(error).__name__
        record.status, record.finished_at = ImportStatus.FAILED, timezone.now()
        record.save()
        raise
    record.rows_read = int(np.isfinite(market.panel.close).sum())
    record.rows_unchanged = record.rows_read - record.rows_stored
    record.first_time = market.panel.times[0].to_pydatetime()
    record.last_time = market.panel.times[-1].to_pydatetime()
    record.status, record.finished_at = ImportStatus.COMPLETED, timezone.now()
    record.save()
    return record


def _store(market: SimulatedMarket, since: datetime | None, progress: Progress) -> int:
    """Write the bars after `since` of the coins that have traded so far; returns how many were new."""
    panel = market.panel
    traded = np.flatnonzero(np.isfinite(panel.close).any(axis=0))
    ids = _assets(market, traded)
    first = 0 if since is None else int(panel.times.searchsorted(since, side="right"))
    rest, new, done = panel.rows(first, None), 0, 0
    total = int(np.isfinite(rest.close).sum())
    for columns in _pieces(traded, len(rest.times)):
        batch = _batch(rest, columns, ids)
        new += store_candles(panel.timeframe, batch).new
        done += len(batch)
        progress(done, total)
    return new


def _assets(market: SimulatedMarket, traded: Ints) -> dict[int, int]:
    """Asset ids by column of the panel; an asset that had no candles yet becomes the simulated coin."""
    panel = market.panel
    kinds = [AssetType.STABLECOIN if stable else AssetType.CRYPTO for stable in panel.is_stable]
    listings = [Listing(panel.symbols[at], market.names[at], kinds[at], SOURCE) for at in map(int, traded)]
    ids = register(listings)
    named = dict(zip(ids, listings, strict=True))
    foreign = list(Asset.objects.filter(pk__in=ids).exclude(data_source=SOURCE))
    for asset in foreign:
        listing = named[asset.pk]
        asset.name, asset.asset_type, asset.data_source = listing.name, listing.asset_type, SOURCE
    Asset.objects.bulk_update(foreign, ["name", "asset_type", "data_source"])
    return dict(zip(map(int, traded), ids, strict=True))


def _pieces(columns: Ints, rows: int) -> Iterator[Ints]:
    width = max(1, _PIECE // max(rows, 1))
    for first in range(0, len(columns), width):
        yield columns[first : first + width]


def _batch(panel: Panel, columns: Ints, ids: dict[int, int]) -> CandleBatch:
    """The bars of some columns, asset by asset, as they lie best in the table."""
    column, row = np.nonzero(np.isfinite(panel.close[:, columns]).T)
    values = {name: getattr(panel, name)[row, columns[column]] for name in BAR_FIELDS}
    unknown = np.full(len(row), np.nan)
    asset_ids = np.asarray([ids[int(at)] for at in columns], dtype=np.int64)
    return CandleBatch(
        asset_id=asset_ids[column],
        open_time=panel.times.as_unit("us").asi8[row],
        trade_count=unknown,
        vwap=unknown,
        **values,
    )


def _encoded(params: SimulationParams) -> dict[str, Any]:
    return asdict(params) | {"start": params.start.isoformat(), "end": params.end.isoformat()}


def _decoded(stored: dict[str, Any]) -> SimulationParams:
    states = tuple(
        StateParams(**(state | {"follows": tuple(state["follows"])})) for state in stored["states"]
    )
    moments = {name: datetime.fromisoformat(stored[name]).astimezone(UTC) for name in ("start", "end")}
    return SimulationParams(
        **(stored | moments | {"states": states, "timeframe": Timeframe(stored["timeframe"])})
    )
