"""Layer 1, is it a market to be in: pure functions from a panel to one analysis a bar."""

from macro.engine.analysis import (
    SPECS,
    Inputs,
    Params,
    Result,
    analyse,
    apply,
    fit_all,
    learn,
    lookback,
    prepare,
)
from macro.engine.exposure import Judgement, judge_exposure
from macro.engine.market import holding_return
from macro.engine.reading import PHASES, RISK_LEVELS, Phase, RiskLevel
from macro.engine.regime import RegimeFit, fit
from macro.engine.states import REGIMES, Regime

__all__ = [
    "PHASES",
    "REGIMES",
    "RISK_LEVELS",
    "SPECS",
    "Inputs",
    "Judgement",
    "Params",
    "Phase",
    "Regime",
    "RegimeFit",
    "Result",
    "RiskLevel",
    "analyse",
    "apply",
    "fit",
    "fit_all",
    "holding_return",
    "judge_exposure",
    "learn",
    "lookback",
    "prepare",
]
