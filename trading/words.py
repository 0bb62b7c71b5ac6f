"""What people call the features that weigh on a signal."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

RELATIVE = "_relative"
FEATURE_NAMES: Mapping[str, str | Promise] = {
    "momentum_1d": _("1-day momentum"),
    "momentum_3d": _("3-day momentum"),
    "momentum_7d": _("7-day momentum"),
    "momentum_14d": _("14-day momentum"),
    "momentum_30d": _("30-day momentum"),
    "momentum_90d": _("90-day momentum"),
    "stretch_7d": _("Size of the 7-day move"),
    "volatility_7d_30d": _("Volatility, 7 against 30 days"),
    "volatility_30d_90d": _("Volatility, 30 against 90 days"),
    "range_1d_14d": _("Last day's range against the usual one"),
    "atr_share": _("Average true range against the price"),
    "range_position_20d": _("Place in the 20-day range"),
    "range_position_90d": _("Place in the 90-day range"),
    "distance_20d": _("Distance to the 20-day mean"),
    "distance_50d": _("Distance to the 50-day mean"),
    "width_20d": _("Width of the 20-day range"),
    "volume_1d": _("Last day's volume against the month"),
    "volume_7d": _("7-day volume against the month"),
    "volume_30d": _("30-day volume against the quarter"),
    "close_in_bar": _("Close within the bar"),
    "upper_wick": _("Upper wicks"),
    "lower_wick": _("Lower wicks"),
    "body": _("Body of the last bars"),
    "drawdown": _("Fall from the 90-day high"),
    "rise": _("Rise from the 90-day low"),
    "largest_gain": _("Largest gain of a bar in 30 days"),
    "up_share": _("Share of rising bars in 14 days"),
    "time_in_range": _("Share of 20 days near this price"),
    "target_distance": _("Distance to the target"),
    "stop_distance": _("Distance to the stop"),
}


def feature_name(name: str) -> str:
    """What people call the feature `name`, in the language of the page; one not known here keeps its name."""
    own = FEATURE_NAMES.get(name.removesuffix(RELATIVE))
    if own is None:
        return name.replace("_", " ")
    if name.endswith(RELATIVE):
        return gettext("%(feature)s, against the other candidates") % {"feature": own}
    return str(own)


RULES: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "opposite_holding": (
        _("the coin is held the other way round; this trade would close that holding"),
        _("Close what you hold of the coin first."),
    ),
    "daily_loss": (
        _("the day's loss has reached the limit; nothing is opened until midnight UTC"),
        _("Wait until tomorrow, or change max_daily_loss in the risk profile."),
    ),
    "position_size": (
        _("would put more USD behind one signal than the limit"),
        _("Choose a smaller size, or change max_position_size in the risk profile."),
    ),
    "position_share": (
        _("would put a larger share of the portfolio behind one signal than the limit"),
        _("Choose a smaller size, or change max_position_share in the risk profile."),
    ),
    "trade_risk": (
        _("would lose more at its stop than one trade may"),
        _("Choose a smaller size, or change max_portfolio_risk in the risk profile."),
    ),
    "open_risk": (
        _("all open trades together would lose more at their stops than the limit"),
        _("Choose a smaller size, close a position, or change max_open_risk in the risk profile."),
    ),
    "asset_exposure": (
        _("would put a larger share of the portfolio into the coin than the limit"),
        _("Choose a smaller size, or change max_asset_exposure in the risk profile."),
    ),
    "sector_exposure": (
        _("would put a larger share of the portfolio into the sector than the limit"),
        _("Choose a smaller size, or change max_sector_exposure in the risk profile."),
    ),
    "regime_exposure": (
        _("would put a larger share of the portfolio into the market than layer 1 advises"),
        _("Choose a smaller size, or switch follows_regime off in the risk profile."),
    ),
    "cash": (
        _("costs more than there is free to pay with"),
        _("Choose a smaller size, or close a position."),
    ),
}


ADVICE: Mapping[str, str | Promise] = {
    "no_price": _("No fresh price is known; the coin may be traded no more."),
    "short_alone": _("The signal behind this short has ended."),
    "signal_open": _("A signal on the coin is open; its target, stop and time decide."),
    "avoid": _("Layer 3 says to avoid the coin."),
    "score_low": _("The coin's score has become low."),
    "over_cap": _("It is %(weight)d %% of the portfolio; one coin may be %(limit)d %%."),
    "over_exposure": _("%(invested)d %% are invested where %(exposure)d %% are advised."),
    "room_to_add": _("Its score is high and %(room)d %% more of the portfolio may be invested in it."),
    "score_high": _("Its score is high."),
    "nothing_against": _("Nothing speaks against it."),
}


def advice_reason(rule: str, figures: Mapping[str, float]) -> str:
    """Why a holding is to be held, added to, reduced or left, in words; shares become per cent."""
    text = str(ADVICE[rule])
    return text % {name: round(100 * share) for name, share in figures.items()} if figures else text


BIASES: Mapping[str, str | Promise] = {
    "sectors": _("Sectors: a coin's sector is that of today, applied to the past."),
    "survivors": _("Coins: every coin in the data still trades, so those that died are missing."),
    "simulated": _("Market: it is simulated, so nothing here says how a real one would have gone."),
}


def bias(code: str) -> str:
    """What of a backtest's inputs was not known at the time, in words."""
    return str(BIASES.get(code, code))


GROUPS: Mapping[str, str | Promise] = {
    "direction": _("Direction"),
    "outcome": _("Outcome"),
    "regime": _("Regime"),
    "risk_level": _("Risk"),
    "confidence": _("Confidence"),
    "year": _("Year"),
}
GROUPED: Mapping[tuple[str, str], str | Promise] = {
    ("direction", "long"): _("Long"),
    ("direction", "short"): _("Short"),
    ("outcome", "target"): _("Target reached"),
    ("outcome", "stop"): _("Stopped out"),
    ("outcome", "time"): _("Time ran out"),
    ("outcome", "open"): _("Open"),
    ("regime", "bull"): _("Bull market"),
    ("regime", "bear"): _("Bear market"),
    ("regime", "neutral"): _("Neutral market"),
    ("regime", "volatile"): _("Volatile market"),
    ("regime", "unknown"): _("Regime not known"),
    ("risk_level", "low"): _("Low risk"),
    ("risk_level", "medium"): _("Medium risk"),
    ("risk_level", "high"): _("High risk"),
    ("risk_level", "extreme"): _("Extreme risk"),
}


def grouped(grouping: str, group: str) -> str:
    """What people call a group of trades, such as those of low risk; ranges and years are their own names."""
    if grouping == "confidence":
        return gettext("Confidence %s") % group
    return str(GROUPED.get((grouping, group), group))


VARIED: Mapping[str, str | Promise] = {
    "stop": _("stop, daily ranges"),
    "target": _("target, daily ranges"),
    "margin": _("least margin, R"),
    "least_confidence": _("least confidence"),
    "exposure_floor": _("least exposure"),
    "score_share": _("share of the scores"),
}


def variant(values: Mapping[str, float]) -> str:
    """What was varied in a variant of a backtest, in words; nothing: the rules as they are."""
    told = [f"{VARIED.get(name, name)} {value:g}" for name, value in values.items()]
    return "; ".join(told) or gettext("the rules as they are")


RULE_NAMES: Mapping[str, str | Promise] = {
    "opposite_holding": _("Held the other way round"),
    "daily_loss": _("Loss of the day"),
    "position_size": _("Behind this signal"),
    "position_share": _("Behind this signal, as a share of the portfolio"),
    "trade_risk": _("Lost at the stop"),
    "open_risk": _("Lost if every open stop is hit"),
    "asset_exposure": _("In this coin"),
    "sector_exposure": _("In this sector"),
    "regime_exposure": _("In the market, as layer 1 advises"),
    "cash": _("Cash"),
}
FIELD_NAMES: Mapping[str, str | Promise] = {
    "position_size": _("The size"),
    "portfolio_percentage": _("The size"),
    "risk_confirmation": _("The confirmation"),
    "price": _("The last price"),
    "status": _("The signal"),
    "expires_at": _("The signal's time"),
    "execution": _("The position"),
    "fill": _("Your fill"),
    "fill.quantity": _("The number of coins"),
    "fill.price": _("Your price"),
    "fill.fees": _("Your fee"),
    "fill.executed_at": _("The time of your fill"),
    "Idempotency-Key": _("This order's key"),
    "file": _("The file"),
    "header": _("The first line"),
    "date": _("The date"),
    "symbol": _("The coin"),
    "side": _("The side"),
    "quantity": _("The quantity"),
    "fees": _("The fee"),
}
WAYS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "fixed_fraction": (_("Fixed fraction"), _("loses a fixed share of the portfolio at the stop")),
    "volatility_target": (_("Volatility target"), _("swings the portfolio by a fixed share a year")),
    "kelly": (_("Capped Kelly"), _("part of what the calibrated probability is worth")),
}
PROOF: Mapping[str, str | Promise] = {
    "no model of this direction has been fitted yet": _("No model of this direction has been fitted yet."),
    "no skill shown: past cases that would have been issued did not pay for sure": _(
        "No skill shown: past cases that would have been issued did not pay for sure."
    ),
    "no skill shown: too few past cases would have been issued": _(
        "No skill shown: too few past cases would have been issued to judge."
    ),
}


def rule_name(rule: str) -> str:
    """What people call a limit."""
    return str(RULE_NAMES.get(rule, rule))


def field_name(field: str) -> str:
    """What people call a field of an order or of a line of trades."""
    return str(FIELD_NAMES.get(field, field))


def proof_reason(reason: str) -> str:
    """Why a direction has not shown skill, in words."""
    return str(PROOF.get(reason, reason))
