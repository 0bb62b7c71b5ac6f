"""How portfolios stand at a moment: what is held at which price, what is risked, what the day brought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from assets import selectors as assets
from assets.models import Asset
from macro import selectors as macro
from selection import selectors as selection
from selection.engine.lots import Fill, product, total
from selection.models import Portfolio, PortfolioAsset, PortfolioTrade, Side, TradeSource
from trading.engine import Costs
from trading.engine.barriers import Direction
from trading.engine.limits import Limits, State, loss_share
from trading.engine.paper import broker
from trading.models import RiskProfile, SignalExecution

ZERO = Decimal(0)
BROKER = broker(Costs())


@dataclass(frozen=True, slots=True)
class Held:
    """One holding; `price` and `value` are None where no bar of the coin is known, and count as nothing."""

    row: PortfolioAsset
    price: assets.LastPrice | None

    @property
    def asset(self) -> Asset:
        return self.row.asset

    @property
    def value(self) -> Decimal | None:
        return None if self.price is None else product(self.row.quantity, self.price.price)

    @property
    def unrealised(self) -> Decimal | None:
        return None if self.value is None else self.value - self.row.cost_basis


@dataclass(frozen=True, slots=True)
class Standing:
    """One portfolio at `now`; `positions` are its open executions, `invested_today` came from outside."""

    portfolio: Portfolio
    now: datetime
    held: tuple[Held, ...]
    positions: tuple[SignalExecution, ...]
    day_open: Decimal
    invested_today: Decimal

    @property
    def invested(self) -> Decimal:
        """Value of the holdings, what is owed counted negative."""
        return total(one.value for one in self.held if one.value is not None)

    @property
    def equity(self) -> Decimal:
        return self.portfolio.cash + self.invested

    @property
    def day_base(self) -> Decimal:
        """What the day's profit is measured against."""
        return self.day_open + self.invested_today

    @property
    def day_pnl(self) -> Decimal:
        return self.equity - self.day_base

    def state(self) -> State:
        """The same as the limits take it."""
        held: dict[int, Decimal] = {}
        sectors: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.held:
            value = one.value or ZERO
            held[one.asset.pk] = value
            sectors[one.asset.sector_name] += abs(value)
        gross = total(abs(value) for value in held.values())
        return State(
            equity=self.equity,
            free=self.equity - gross,
            longs=total(value for value in held.values() if value > 0),
            held=held,
            sectors=sectors,
            open_risk=total(risk_of(row) for row in self.positions),
            day_pnl=self.day_pnl,
            day_open=self.day_base,
        )

    def behind(self, signal_id: int) -> tuple[Decimal, Decimal]:
        """USD that stand behind a signal already, and what they lose at its stop."""
        own = [row for row in self.positions if row.signal_id == signal_id]
        return total(row.filled_size for row in own), total(risk_of(row) for row in own)


def risk_of(execution: SignalExecution) -> Decimal:
    """What an open position loses at its signal's stop, fees included; nothing where it was entered
    beyond it."""
    signal = execution.signal
    sign = int(Direction(signal.signal_type).sign)
    price = execution.execution_price
    if price is None or sign * (price - signal.stop_loss) <= 0:
        return ZERO
    return execution.filled_size * loss_share(price, signal.stop_loss, sign, BROKER.side)


def standings(portfolios: Sequence[Portfolio], now: datetime) -> dict[int, Standing]:
    """How each portfolio stands, by its id; six queries however many there are."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    held = _by_portfolio(selection.holdings(portfolios))
    today = _by_portfolio(selection.trades(portfolios, midnight))
    flows = _by_portfolio(selection.flows(portfolios, midnight))
    positions = _by_portfolio(open_positions(portfolios))
    ids = {row.asset_id for rows in (*held.values(), *today.values()) for row in rows}
    prices, before = assets.last_prices(ids, now), assets.last_prices(ids, midnight)
    out = {}
    for portfolio in portfolios:
        own = portfolio.pk
        moved = total(flow.amount for flow in flows[own] if flow.occurred_at <= now)
        bought = [trade for trade in today[own] if trade.executed_at <= now]
        out[own] = Standing(
            portfolio=portfolio,
            now=now,
            held=tuple(Held(row, prices.get(row.asset_id)) for row in held[own]),
            positions=tuple(positions[own]),
            day_open=_at_midnight(portfolio, held[own], bought, moved, prices, before),
            invested_today=moved + total(-fill_of(t).cash for t in bought if t.source == TradeSource.IMPORT),
        )
    return out


def standing(portfolio: Portfolio, now: datetime) -> Standing:
    """How one portfolio stands."""
    return standings([portfolio], now)[portfolio.pk]


def open_positions(portfolios: Sequence[Portfolio]) -> Any:
    """Executions whose position is open, with signal and coin, oldest first."""
    rows = SignalExecution.objects.filter(
        portfolio__in=[row.pk for row in portfolios], opens=None, closed_at=None, quantity__gt=0
    )
    return rows.select_related("signal__asset").order_by("executed_at", "pk")


def limits_of(profile: RiskProfile) -> Limits:
    """A person's limits as the engine takes them, layer 1's exposure among them if they follow it."""
    regime = macro.latest_regime() if profile.follows_regime else None
    advised = None if regime is None else regime.recommended_exposure
    return Limits(
        position_size=Decimal(profile.max_position_size),
        position_share=_exact(profile.max_position_share),
        trade_risk=_exact(profile.max_portfolio_risk),
        open_risk=_exact(profile.max_open_risk),
        asset_exposure=_exact(profile.max_asset_exposure),
        sector_exposure=_exact(profile.max_sector_exposure),
        daily_loss=_exact(profile.max_daily_loss),
        regime_exposure=None if advised is None else _exact(advised),
    )


def fill_of(trade: PortfolioTrade) -> Fill:
    """A trade as the engine of lots takes it."""
    sign = 1 if trade.side == Side.BUY else -1
    return Fill(trade.executed_at, sign * trade.quantity, trade.price, trade.fees)


def _exact(share: float) -> Decimal:
    return Decimal(repr(share))


def _by_portfolio(rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.portfolio_id].append(row)
    return found


def _at_midnight(
    portfolio: Portfolio,
    held: Sequence[PortfolioAsset],
    today: Sequence[PortfolioTrade],
    moved: Decimal,
    prices: Mapping[int, assets.LastPrice],
    before: Mapping[int, assets.LastPrice],
) -> Decimal:
    """What the portfolio was worth at the start of the day: today's trades and flows taken back."""
    quantity: dict[int, Decimal] = defaultdict(Decimal)
    for row in held:
        quantity[row.asset_id] += row.quantity
    for trade in today:
        quantity[trade.asset_id] -= fill_of(trade).quantity
    settled = total(fill_of(trade).cash for trade in today if trade.source == TradeSource.EXECUTION)
    known = {asset: before.get(asset) or prices.get(asset) for asset in quantity}
    worth = total(product(quantity[asset], price.price) for asset, price in known.items() if price)
    return portfolio.cash - moved - settled + worth
