"""Was it right about the lead changing hands: each probability against the leaders of seven days later."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from aimodels import selectors as aimodels
from aimodels.engine import reliability
from aimodels.engine.reliability import Score
from assets.engine.panel import Bools, Floats
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.charts import ChartData
from sectors.models import SectorRotation

AHEAD = timedelta(days=7)


def rotation_record(*, origin: Origin, since: datetime | None) -> Score | None:
    """The score of the probabilities whose week is over, beside the base rate's; None without any."""
    _moments, said, base, hit = _cases(origin, since)
    return reliability.score(said, hit, base)


def rotation_diagram(*, origin: Origin, since: datetime | None) -> ChartData:
    """Reliability of "the leaders will be others in a week"."""
    _moments, said, _base, hit = _cases(origin, since)
    return aimodels.reliability_data(reliability.diagram(said, hit))


def rotation_by_month(*, origin: Origin, since: datetime | None) -> ChartData:
    """How often the lead changed hands within the week, by month, beside what was said."""
    moments, said, _base, hit = _cases(origin, since)
    return aimodels.monthly_data(reliability.by_month(moments, said, hit))


def _cases(
    origin: Origin, since: datetime | None, timeframe: Timeframe = Timeframe.DAY
) -> tuple[list[datetime], Floats, Floats, Bools]:
    """Moments, probabilities, base rates, and whether the set of leaders was another a week later. One query.

    What came is told by whichever reading there is of that close, live or replayed: it is a fact by then.
    """
    rows = SectorRotation.objects.filter(timeframe=timeframe).order_by("as_of")
    if since is not None:
        rows = rows.filter(as_of__gte=since)
    found = list(rows.values_list("as_of", "origin", "rotation_probability", "base_rate", "leading_sectors"))
    leaders = {moment: frozenset(names) for moment, _origin, _p, _base, names in found if names}
    cases = [
        (moment, p, base, leaders[moment] != leaders[moment + AHEAD])
        for moment, made, p, base, _names in found
        if made == origin and p is not None and base is not None
        if moment in leaders and moment + AHEAD in leaders
    ]
    moments = [moment for moment, *_rest in cases]
    said, base = (np.array([case[place] for case in cases], dtype=float) for place in (1, 2))
    return moments, said, base, np.array([case[3] for case in cases], dtype=np.bool_)
