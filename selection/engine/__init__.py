"""Layer 3, which coins: scores of every coin in the universe and suggestions for the watchlist."""

from selection.engine.inputs import Context, Inputs, Params, lookback, prepare
from selection.engine.layer import Result, Scores, analyse, apply, fit_all
from selection.engine.score import MONTH, SPECS, WEEK, ScoreFit, fit, training_rows

__all__ = [
    "MONTH",
    "SPECS",
    "WEEK",
    "Context",
    "Inputs",
    "Params",
    "Result",
    "ScoreFit",
    "Scores",
    "analyse",
    "apply",
    "fit",
    "fit_all",
    "lookback",
    "prepare",
    "training_rows",
]
