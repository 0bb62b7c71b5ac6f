"""The stage: candles and what the layers above said in; candidates, signals and outcomes out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db import transaction

from aimodels import services as aimodels
from aimodels.engine.spec import ModelSpec, fit_times
from assets import selectors as assets
from assets.engine.panel import Bools, Panel
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from macro import selectors as macro
from selection import selectors as selection
from trading import selectors
from trading.engine import FITS, LEARN, SPECS, Inputs, Params, TimingFit, Upstream, apply, prepare, silenced
from trading.models import SignalCandidate, TradingSignal
from trading.services import records
from trading.services.announcements import announce, notify_of
from trading.services.candidates import weigh
from trading.services.outcomes import close


def signal(
    *,
    timeframe: Timeframe,
    as_of: datetime,
    since: datetime | None = None,
    panel: Panel | None = None,
    least_confidence: float | None = None,
) -> int:
    """Weigh every candidate at each close from `since` to `as_of`, issue what passes, close what has ended.

    `since` is the close of the first bar (None: only the bar closed at `as_of`); `panel` ends with the bar
    that closes at `as_of` and has at least `selectors.rows_needed` rows (None: it is loaded). A signal needs
    at least `least_confidence`; the break-even of its plan is the floor in any case (None: it alone). A close
    that has candidates stays as it was told. Returns the candidates and signals written: 0 when run again.
    Raises ValueError where the panel does not fit or `least_confidence` is no share.
    """
    if least_confidence is not None and not 0.0 <= least_confidence <= 1.0:
        raise ValueError(f"least_confidence is {least_confidence}; it has to lie between 0 and 1")
    as_of = timeframe.close_of(timeframe.last_closed(as_of))
    since = as_of if since is None else timeframe.close_of(timeframe.last_closed(since))
    panel = _panel(timeframe, since, as_of, panel)
    first = panel.known_at(since) - 1
    unspoken = _unspoken(panel, first)
    book = None
    if unspoken.any():
        inputs = prepare(panel, _upstream(panel, first), Params(least_confidence=least_confidence or 0.0))
        served = {spec.name: _serve(spec, inputs, first) for spec in SPECS}
        result = apply(inputs, {name: kept.fits for name, kept in served.items()}, first)
        stood = records.standing(inputs, served, first)
        result = silenced(result, np.array([[one.withheld for one in side] for side in stood]))
        book = records.Book(inputs, result, weigh(inputs, result, unspoken), served)
    with transaction.atomic():
        written = _write(book) if book is not None else 0
        close(timeframe=timeframe, as_of=as_of, panel=panel)
    return written


def _panel(timeframe: Timeframe, since: datetime, as_of: datetime, panel: Panel | None) -> Panel:
    """The panel given, if it fits: a shorter one would be fitted on other data than the next run's."""
    need = selectors.rows_needed(timeframe, since, as_of)
    if panel is None:
        return assets.load_panel(timeframe, as_of, need)
    rows = len(panel.times)
    if rows < need or panel.as_of(rows - 1) != as_of:
        raise ValueError(
            f"a panel of {rows} rows up to {panel.as_of(rows - 1) if rows else None} for a run that needs "
            f"{need} rows up to {as_of}"
        )
    return panel


def _unspoken(panel: Panel, first: int) -> Bools:
    """Which rows from `first` on have no candidates yet (R,)."""
    closes = [panel.as_of(row) for row in range(first, len(panel.times))]
    told = selectors.closes_told(panel.timeframe, closes[0], closes[-1])
    return np.array([moment not in told for moment in closes], dtype=np.bool_)


def _upstream(panel: Panel, first: int) -> Upstream:
    times = panel.times[first:]
    return Upstream.of(
        panel,
        exposure=macro.exposures(panel.timeframe, times),
        regime=macro.regimes(panel.timeframe, times),
        score=selection.score_percentiles(panel, first)[first:],
    )


def _serve(spec: ModelSpec, inputs: Inputs, first: int) -> aimodels.Served[TimingFit]:
    panel = inputs.panel
    return aimodels.serve(
        spec=spec,
        timeframe=panel.timeframe,
        moments=fit_times(spec, panel, first),
        fit=lambda moment, **tuned: LEARN[spec.name](inputs, panel.known_at(moment) - 1, **tuned),
        kind=FITS[spec.name],
    )


def _write(book: records.Book) -> int:
    """Store candidates and signals; those of the newest bar are told to who listens."""
    weighed, panel = book.weighed, book.inputs.panel
    if not len(weighed.rows):
        return 0
    written = SignalCandidate.objects.append(records.candidates(book))
    if not weighed.issued.any():
        return written
    last = panel.as_of(len(panel.times) - 1)
    newest = last if assets.last_close(panel.timeframe) == last else None
    coins = Asset.objects.in_bulk(np.unique(panel.asset_ids[weighed.columns[weighed.issued]]).tolist())
    written += TradingSignal.objects.append(records.signals(book, coins, newest))
    if (
        newest is not None
        and (weighed.rows[weighed.issued] == len(panel.times) - 1 - book.result.first).any()
    ):
        fresh = TradingSignal.objects.filter(timeframe=panel.timeframe, as_of=newest, generated_by=None)
        told = announce(fresh.values_list("pk", flat=True))
        if told:
            notify_of(told)
    return written
