"""The figures of ended signals in the order and the words of their page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from aimodels.words import model_name
from macro.models import Regime
from sectors.words import sector_name
from trading.models import RiskLevel, SignalType
from trading.selectors.worth import Stand, worked_out


class Told(NamedTuple):
    """One figure; `kind` is share, change, multiple (of R) or number (a ratio).

    `low` and `high` are its 95 % interval where it has one.
    """

    name: str
    value: float | None
    kind: str
    low: float | None = None
    high: float | None = None


def performance_page(stand: Stand, span: str, *, origin: str, model: str = "") -> dict[str, Any]:
    """What the page shows of a span: figures of trades and of a portfolio of them, groups and rivals."""
    asked = stand.span(span, origin=origin, model=model)
    told = worked_out(asked, stand)
    return {
        "as_of": stand.last,
        "count": told["total_signals"],
        "trades": _trades(told["figures"]),
        "portfolio": _portfolio(told["portfolio"]) if told["portfolio"] else [],
        "drawdown": told["portfolio"]["drawdown"] if told["portfolio"] else None,
        "groups": _groups(told),
        "rivals": told["rivals"],
        "best": model_name(told["best_performing_model"]) if told["best_performing_model"] else "",
        "best_reason": told["best_performing_model_reason"],
    }


def _trades(figures: dict[str, Any]) -> list[Told]:
    def told(name: str, key: str, kind: str) -> Told:
        found = figures[key]
        return Told(name, found["value"], kind, found["low"], found["high"])

    return [
        told(_("Reached the target"), "success_rate", "share"),
        told(_("Average return"), "average_return", "change"),
        told(_("Expectancy, net R"), "expectancy_r", "multiple"),
        told(_("Profit factor"), "profit_factor", "number"),
        Told(_("Average win, R"), figures["average_win_r"], "multiple"),
        Told(_("Average loss, R"), figures["average_loss_r"], "multiple"),
    ]


def _portfolio(figures: dict[str, Any]) -> list[Told]:
    sharpe, fall = figures["sharpe"], figures["drawdown"]
    return [
        Told(_("Return"), figures["total_return"], "change"),
        Told(_("Sharpe"), sharpe["value"], "number", sharpe["low"], sharpe["high"]),
        Told(_("Sortino"), figures["sortino"], "number"),
        Told(_("Calmar"), figures["calmar"], "number"),
        Told(_("Deepest fall"), fall["depth"] if fall else None, "share"),
        Told(_("Exposure"), figures["exposure"], "share"),
        Told(_("Turnover a year"), figures["turnover"], "share"),
    ]


def _groups(told: dict[str, Any]) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Each way to group with its rows: the group's name and figures; groups without a case are left out."""
    unknown = _("unknown")
    regimes, sides, risks = dict(Regime.choices), dict(SignalType.choices), dict(RiskLevel.choices)

    def named(found: dict[str, Any], names: Any) -> Iterable[tuple[str, dict[str, Any]]]:
        return ((unknown if key == "unknown" else str(names(key)), row) for key, row in found.items())

    by = [
        (_("By model"), named(told["by_model"], model_name)),
        (_("By risk"), named(told["performance_by_risk_level"], lambda key: risks.get(key, key))),
        (_("By regime"), named(told["by_regime"], lambda key: regimes.get(key, key))),
        (_("By sector"), named(told["by_sector"], sector_name)),
        (_("By direction"), named(told["by_direction"], lambda key: sides.get(key, key))),
        (_("By confidence"), ((_bucket(row), row) for row in told["by_confidence"])),
    ]
    return [(title, [(name, row) for name, row in rows if row["total_signals"]]) for title, rows in by]


def _bucket(row: dict[str, Any]) -> str:
    return f"{round(100 * row['from'])} – {round(100 * row['to'])} %"
