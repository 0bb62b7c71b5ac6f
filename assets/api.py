"""Assets and their candles over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from cryptopredict.common import restapi


class NotAnalysed(restapi.Refusal):
    """Nothing has been said of the moment asked for; says what to run."""

    default_code = "not_analysed"

    def __init__(self, timeframe: Timeframe, as_of: datetime | None) -> None:
        first = f"--from {as_of:%Y-%m-%d} --to {as_of:%Y-%m-%d} " if as_of else ""
        super().__init__(
            "as_of" if as_of else "timeframe",
            f"{as_of:%Y-%m-%dT%H:%M:%SZ}" if as_of else str(timeframe),
            _("the market has not been analysed by then") if as_of else _("the market is not analysed yet"),
            _("Import candles and run: manage.py run_pipeline %(range)s--timeframe %(timeframe)s.")
            % {"range": first, "timeframe": timeframe},
            status_code=404,
        )


urlpatterns: list[object] = []
