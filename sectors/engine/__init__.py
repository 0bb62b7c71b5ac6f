"""Layer 2, which corner of the market: indices, strength, flows, rotation, allocation of sectors."""

from sectors.engine.allocation import Allocation, allocate
from sectors.engine.home import home_momentum, home_momentum_lookback
from sectors.engine.inputs import Inputs, lookback, prepare
from sectors.engine.judge import judge_allocation, judge_forecast
from sectors.engine.layer import SPECS, SectorFit, analyse, apply, fit, fit_all
from sectors.engine.membership import Membership
from sectors.engine.outlook import STANCES, OutlookFit, Stance
from sectors.engine.params import Params
from sectors.engine.result import Driver, Flow, Reason, SectorResult
from sectors.engine.rotation import SIGNALS, RotationFit, Signal
from sectors.engine.strength import STATUSES, Status

__all__ = [
    "SIGNALS",
    "SPECS",
    "STANCES",
    "STATUSES",
    "Allocation",
    "Driver",
    "Flow",
    "Inputs",
    "Membership",
    "OutlookFit",
    "Params",
    "Reason",
    "RotationFit",
    "SectorFit",
    "SectorResult",
    "Signal",
    "Stance",
    "Status",
    "allocate",
    "analyse",
    "apply",
    "fit",
    "fit_all",
    "home_momentum",
    "home_momentum_lookback",
    "judge_allocation",
    "judge_forecast",
    "lookback",
    "prepare",
]
