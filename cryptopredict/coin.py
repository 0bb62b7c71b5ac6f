"""One coin through the four layers: its price, its signals, its score, and what each layer says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aimodels import selectors as aimodels
from assets.engine import indicators
from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from assets.models import Asset, Candle
from assets.selectors import last_close, load_panel
from cryptopredict.common import charts
from cryptopredict.common.charts import ChartData, Column
from cryptopredict.common.htmx import for_role, page
from cryptopredict.common.restapi import role_at_least
from macro import selectors as macro
from sectors import selectors as sectors
from selection.selectors import pages
from selection.serializers import in_words
from selection.words import score_reason
from trading import selectors as trading

TIMEFRAMES = tuple(str(length) for length in Timeframe)
MOST_BARS = 3000
OVERLAYS = ("sma_50", "sma_200", "upper", "lower")


@require_safe
@for_role("guest")
def coin(request: HttpRequest, pk: int) -> HttpResponse:
    """The page: what each layer says and what would flip it. Layers 3 and 4 are for investors."""
    asset = get_object_or_404(Asset, pk=pk)
    investor = role_at_least(request.user, "casual")
    lengths = stored_timeframes(asset)
    length = request.GET.get("timeframe", "")
    now = timezone.now()
    context: dict[str, Any] = {
        "asset": asset,
        "investor": investor,
        "lengths": lengths,
        "length": length if length in lengths else str(Timeframe.DAY),
        "macro_step": macro.macro_step(macro.latest_regime()),
        "sector_step": sectors.sector_step(asset),
        "unproven": unproven(now),
    }
    if investor:
        score = pages.score_step(asset)
        context |= {
            "score_step": score,
            "score_note": score_reason(score.reason) if score else "",
            "score_reasons": [in_words(driver) for driver in score.drivers] if score else [],
            "trading_step": trading.trading_step(asset),
            "signals": list(trading.signals().filter(asset=asset)[:10]),
            "fresh": trading.freshness(now),
        }
    return page(request, "coin.html", context)


def unproven(now: datetime) -> dict[str, str]:
    """Of each layer whose models have not shown skill or may not be believed, why; three queries."""
    names = {
        "macro": ("macro_regime",),
        "sectors": ("sectors.outlook",),
        "selection": ("selection_7d",),
        "trading": ("timing_long", "timing_short"),
    }
    stands = aimodels.standings(Timeframe.DAY, now, tuple(name for group in names.values() for name in group))
    return {
        layer: "; ".join(dict.fromkeys(stands[name].reason for name in group if stands[name].reason))
        for layer, group in names.items()
    }


@charts.chart_view("guest")
def candle_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Bars with their indicators; investors get the levels of the coin's signals, or of one `signal`."""
    asset = get_object_or_404(Asset, pk=pk)
    timeframe = Timeframe(charts.choice(request, "timeframe", TIMEFRAMES, str(Timeframe.DAY)))
    until = last_close(timeframe)
    data = candles(asset, timeframe, charts.since(request, until), until)
    if role_at_least(request.user, "casual"):
        asked = request.GET.get("signal", "")
        chosen = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        data.extra["signals"] = trading.levels(asset, timeframe, chosen)
    return charts.respond(request, data, f"{asset.symbol}-{timeframe}")


@charts.chart_view("casual")
def score_data(request: HttpRequest, pk: int) -> HttpResponse:
    """The coin's score by close."""
    asset = get_object_or_404(Asset, pk=pk)
    since = charts.since(request, last_close(Timeframe.DAY))
    return charts.respond(request, pages.score_chart(asset, since), f"{asset.symbol}-score")


def stored_timeframes(asset: Asset) -> list[str]:
    """Bar lengths of which the coin has bars, shortest first; one query."""
    stored = {
        f"bars_{length.code}": Exists(Candle.objects.filter(asset=OuterRef("pk"), timeframe=length))
        for length in Timeframe
    }
    found = Asset.objects.filter(pk=asset.pk).annotate(**stored).values(*stored).get()
    return [str(length) for length in Timeframe if found[f"bars_{length.code}"]]


def candles(asset: Asset, timeframe: Timeframe, since: datetime | None, until: datetime | None) -> ChartData:
    """Bars of the range with volume and indicators, `MOST_BARS` at most.

    Indicators see the bars before the range too, so their first value is as good as their last.
    """
    columns = (
        Column("time", _("Open"), kind="time"),
        Column("open", _("First price"), _("USD")),
        Column("high", _("High"), _("USD")),
        Column("low", _("Low"), _("USD")),
        Column("close", _("Last price"), _("USD")),
        Column("volume", _("Volume"), _("USD")),
        Column("sma_50", _("50-bar mean"), _("USD")),
        Column("sma_200", _("200-bar mean"), _("USD")),
        Column("upper", _("Upper band"), _("USD")),
        Column("lower", _("Lower band"), _("USD")),
        Column("rsi", _("RSI, 14 bars"), _("0 to 100")),
    )
    note = _("No bars of %(length)s are stored for this coin in this range.") % {"length": timeframe}
    if until is None:
        return ChartData(columns, [], note)
    shown = MOST_BARS if since is None else min(MOST_BARS, timeframe.bars(until - since))
    panel = load_panel(timeframe, until, shown + 200, [asset.pk])
    if not panel.close.shape[1]:
        return ChartData(columns, [], note)
    bands = indicators.bollinger(panel.close)
    series: list[Floats] = [
        panel.open, panel.high, panel.low, panel.close, panel.volume,
        indicators.sma(panel.close, 50), indicators.sma(panel.close, 200), bands.upper, bands.lower,
        indicators.rsi(panel.close),
    ]  # fmt: skip
    table = np.column_stack([values[:, 0] for values in series])
    known = np.flatnonzero(np.isfinite(table[:, 3]))
    rows = known[known >= len(table) - shown]
    times = panel.times[rows].to_pydatetime()
    return ChartData(
        columns,
        [
            (moment, *(value if np.isfinite(value) else None for value in table[row].tolist()))
            for moment, row in zip(times, rows, strict=True)
        ],
        note,
        {"timeframe": str(timeframe)},
    )
