"""What has come to its end: candidates, forecasts, intervals, a judged model, a backtest with its report."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aimodels.models import AIModel, Evaluation, ModelStatus, ModelType, Prediction, Promotion, TrainingJob
from aimodels.tests.factories import PredictionFactory
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from macro.models import RegimeForecast
from selection.models import ScoreOutcome
from trading.models import Backtest, BacktestStatus
from trading.tests.factories import CandidateFactory, SignalFactory

DAY = Timeframe.DAY
ENDED = 24  # of each kind
ODDS = {"bull": 0.6, "neutral": 0.2, "volatile": 0.15, "bear": 0.05}


def ended(close: datetime, coins: dict[str, Asset]) -> None:
    """Replayed claims of the days before `close - 10 days`, half of which came true."""
    coin = coins["BTC"]
    moments = [close - timedelta(days=10 + back) for back in range(ENDED)]
    for number, moment in enumerate(moments):
        came = number % 2 == 0
        for side, levels in (("long", ("110", "95")), ("short", ("90", "105"))):
            CandidateFactory(
                asset=coin, as_of=moment, signal_type=side, target_price=levels[0], stop_loss=levels[1],
                probability=0.2 + number / 100, outcome="target" if came else "stop",
                return_r=1.8 if came else -1.1,
            )  # fmt: skip
    for back, (result, paid) in enumerate((("target", 1.8), ("stop", -1.1), ("time", 0.3))):
        issued = close - timedelta(days=40 + 2 * back)
        SignalFactory(
            asset=coins["ETH"], as_of=issued, outcome=result, return_r=paid, exit_price="100",
            status="expired", closed_at=issued + timedelta(days=2), ai_analysis={"position_share": 0.1},
            market_context={"regime": "bull", "sector": "Layer 1"},
        )  # fmt: skip
    RegimeForecast.objects.bulk_create(
        RegimeForecast(
            timeframe=DAY, as_of=moment, horizon_hours=hours, probabilities=ODDS,
            persistence={"bull": 0.4, "neutral": 0.3, "volatile": 0.2, "bear": 0.1},
            confidence_score=0.6, realised_regime="bull" if number % 2 else "bear",
            realised_at=moment + timedelta(hours=hours),
        )
        for hours in (24, 168)
        for number, moment in enumerate(moments)
    )  # fmt: skip
    Prediction.objects.bulk_create(
        PredictionFactory.build(
            asset=coin, as_of=moment, prediction_horizon=hours, model_name=f"interval_{hours // 24}d",
            target_datetime=moment + timedelta(hours=hours), actual_price="101", is_inside=number % 5 > 0,
            is_accurate=True, accuracy_percentage=99.0, evaluated_at=moment + timedelta(hours=hours),
        )
        for hours in (24, 168)
        for number, moment in enumerate(moments)
    )  # fmt: skip
    ScoreOutcome.objects.bulk_create(
        ScoreOutcome(
            timeframe=DAY, as_of=moment, horizon_days=days, origin="replay", ic=0.02 * (number % 5) - 0.01,
            rival_ic=0.01, coins=40,
        )
        for days in (7, 30)
        for number, moment in enumerate(moments)
    )  # fmt: skip
    _judged(close, f"{close:%Y%m%d}")


def _judged(close: datetime, day: str) -> None:
    """A version of the long timing model with a judgement, a decision, drift and a training that ended."""
    model = AIModel.objects.create(
        name="timing_long", version=f"0.{day}", timeframe=DAY, model_type=ModelType.TIMING,
        architecture="pooled logistic", fitted_as_of=close, target_variable="target",
        status=ModelStatus.INACTIVE, artefact_sha256="0" * 64, health_status=_health(close),
        expires_at=close + timedelta(days=84),
    )  # fmt: skip
    figures = {
        "timing_brier_skill": figure(0.01, -0.002, 0.022, 0.0, "floor"),
        "timing_auc": figure(0.57, None, None, 0.5, "below_floor"),
    }
    Evaluation.objects.create(
        model=model, name="timing_long", timeframe=DAY, window_start=close - timedelta(days=700),
        window_end=close, metrics=figures, verdict="below_floor",
    )  # fmt: skip
    check = {
        "figure": "timing_auc", "against": "rival", "window": "recent window", "own": 0.57, "other": 0.5,
        "low": None, "high": None, "slack": 0.01, "passed": None, "champion_fails": False,
    }  # fmt: skip
    Promotion.objects.create(
        name="timing_long", timeframe=DAY, verdict="refused", challenger=model, serving=model,
        effective_from=close, checks=[check], reasons=["timing_auc against rival: too few cases to tell"],
        figures={"challenger": {"walk_forward": figures, "recent": figures}, "champion": {}},
    )  # fmt: skip
    TrainingJob.objects.create(
        name="timing_long", timeframe=DAY, fit_as_of=close, status="completed", progress=1.0, model=model,
        log="12:00:00 reading\n12:00:09 done", started_at=close, finished_at=close,
    )  # fmt: skip


def figure(value: float, low: float | None, high: float | None, rival: float, grade: str) -> dict[str, Any]:
    """A figure as judgements store it."""
    return {
        "role": "skill", "value": value, "low": low, "high": high, "rival": rival, "rival_low": None,
        "rival_high": None, "better": "high", "target": None, "floor": 0.005, "goal": 0.035, "suspect": 0.1,
        "grade": grade, "cases": 1234, "note": "",
    }  # fmt: skip


def _health(close: datetime) -> dict[str, Any]:
    return {
        "artefact": "ok", "checked_at": close.isoformat(), "faults": [], "drift_reading": "watch",
        "drift": {"momentum_7d": 0.31, "volume_1d": 0.02, "body": None}, "unlike_training": 0.012,
        "calibration_drift": {"timing_calibration_error": {"recent": 0.03, "usual": 0.02, "moved": False}},
    }  # fmt: skip


def backtest(close: datetime, **more: Any) -> Backtest:
    """A completed backtest over the thirty days up to `close`."""
    return Backtest.objects.create(
        timeframe=DAY, since=close - timedelta(days=30), until=close, status=BacktestStatus.COMPLETED,
        progress=1.0, variants_tried=2, sharpe_ratios=[0.1, None], report=report(close, **more),
        parameters={"fees": 0.001, "slippage": 0.0005, "universe": 150, "least_confidence": 0.0, "sweep": {}},
        finished_at=close,
    )  # fmt: skip


def report(close: datetime, trades: int = 30) -> dict[str, Any]:
    """A report with all of its parts."""
    estimate = {"value": 0.2, "low": -0.1, "high": 0.5}
    fall = {
        "depth": 0.12, "peak_at": close.isoformat(), "trough_at": close.isoformat(), "recovered_at": None,
    }  # fmt: skip
    curve = {
        "total_return": 0.08, "annual_return": 0.9, "volatility": 0.4, "sharpe": estimate, "sortino": 1.2,
        "calmar": None, "drawdown": fall, "exposure": 0.4, "turnover": 9.0,
    }  # fmt: skip
    told = {
        "cases": trades, "successes": 3, "success_rate": estimate, "average_return": estimate,
        "expectancy_r": estimate, "profit_factor": estimate, "average_win_r": 1.0, "average_loss_r": -1.0,
    }  # fmt: skip
    trade = {
        "symbol": "BTC", "signal_type": "long", "signalled_at": close.isoformat(),
        "entered_at": close.isoformat(), "exited_at": None, "entry_price": 100.0, "exit_price": None,
        "outcome": "target", "net_return": 0.01, "return_r": 0.5, "size": 0.02,
    }  # fmt: skip
    times = [(close - timedelta(days=30 - day)).isoformat() for day in range(31)]
    return {
        "bars": 31, "coins": 6, "candidates": 60, "signals": trades, "trades_taken": trades, "open_at_end": 0,
        "portfolio": curve, "holding": {**curve, "total_return": 0.02}, "trades": told,
        "groups": {"direction": {"long": told}, "year": {"2026": {**told, "expectancy_r": NOT_KNOWN}}},
        "deflated_sharpe": {
            "sharpe": 0.1, "trials": 2, "expected_best": 0.05, "probabilistic": 0.9, "deflated": 0.61,
        },
        "monte_carlo": {
            "draws": 1000, "drawdown": [0.05, 0.1, 0.2], "losing_streak": [2.0, 3.0, 6.0], "worse": 0.3,
        },
        "random_entries": {
            "draws": 1000, "mean": 0.0, "low": -0.2, "high": 0.2, "rule": 0.2, "p_value": 0.04,
        },
        "variants": [
            {"values": {"stop": 1.25}, "signals": 12, "sharpe": 1.9},
            {"values": {"stop": 1.0}, "signals": 0, "sharpe": None},
        ],
        "variants_tried": 2, "not_point_in_time": ["sectors", "survivors"],
        "curve": {
            "times": times, "equity": [1 + day / 300 for day in range(31)],
            "holding": [1 - day / 900 for day in range(31)], "invested": [0.4] * 31,
        },
        "trade_list": [trade] * trades, "seconds": 1.0,
    }  # fmt: skip


NOT_KNOWN = {"value": None, "low": None, "high": None}
