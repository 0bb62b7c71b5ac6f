"""Proposing how to rebalance a portfolio: asked for at a door, worked out by a worker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from celery import current_app
from django.db import transaction
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from cryptopredict.common.realtime import Topic, publish
from macro import selectors as macro
from selection import selectors as selection
from selection import services as selection_services
from selection.models import Portfolio, ProposalStatus, RebalanceProposal
from trading import selectors
from trading.engine.rebalance import LEAST_TRADE, Caps, NoProposal, propose, usable, volatility
from trading.selectors import BROKER, Standing
from trading.services.profiles import profile_of

TASK = "trading.tasks.work_out_proposal"
WINDOW_DAYS = 365
FRESH_COINS = 8  # of the best scored that are not held


def ask_rebalance(*, portfolio: Portfolio, now: datetime) -> RebalanceProposal:
    """A proposal that a worker will work out; the one that waits already where there is one."""
    proposal, is_new = selection_services.ask_proposal(
        portfolio=portfolio, now=now, lost=_("No worker took it up in time; ask again.")
    )
    if is_new:
        transaction.on_commit(lambda: current_app.send_task(TASK, [proposal.pk]), robust=True)
    return proposal


def work_out(*, proposal: RebalanceProposal, now: datetime) -> bool:
    """Fill `proposal` in with what was known at `now`; False where somebody has already."""
    if proposal.status != ProposalStatus.PENDING:
        return False
    portfolio = proposal.portfolio
    answer, reason = {}, ""
    try:
        answer = _work_out(portfolio, now)
    except NoProposal as error:
        reason = str(error)
    with transaction.atomic():
        done = selection_services.answer_proposal(
            proposal=proposal,
            answer=answer,
            reason=reason,
            as_of=assets.last_close(Timeframe.DAY, now),
            now=now,
        )
        if done:
            publish(Topic.PORTFOLIO, {"proposal": proposal.pk}, recipient=portfolio.user_id)
    return done


def _work_out(portfolio: Portfolio, now: datetime) -> dict[str, Any]:
    standing = selectors.standing(portfolio, now)
    if standing.equity <= 0:
        raise NoProposal(_("the portfolio is worth nothing; put money in first"))
    if any(one.row.quantity < 0 for one in standing.held):
        raise NoProposal(_("coins are owed; close the shorts first"))
    profile = profile_of(portfolio.user)
    regime = macro.latest_regime(now)
    exposure = 1.0 if regime is None or regime.recommended_exposure is None else regime.recommended_exposure
    caps = Caps(exposure, profile.max_asset_exposure, profile.max_sector_exposure)
    coins, scores = _candidates(standing, now)
    returns, coins, scores, left_out = _returns(coins, scores, now)
    weights = propose(returns, tuple(coin.sector_name for coin in coins), scores, caps)
    return _told(standing, coins, weights, returns, caps, left_out)


def _candidates(standing: Standing, now: datetime) -> tuple[list[Asset], Floats]:
    """Coins that are held and not to be sold, and the best that layer 3 calls a buy; with their scores."""
    rows = list(selection.latest_scores(now))
    known = {row.asset_id: row for row in rows}
    kept: dict[int, tuple[Asset, float]] = {}
    for one in standing.held:
        row = known.get(one.asset.pk)
        if row is None or row.recommendation not in ("avoid", "reduce"):
            kept[one.asset.pk] = (one.asset, _score(row))
    liked = [row for row in rows if row.recommendation in ("strong_buy", "buy") and row.asset_id not in kept]
    for row in liked[:FRESH_COINS]:
        kept[row.asset_id] = (row.asset, _score(row))
    chosen = [kept[pk] for pk in sorted(kept)]
    return [coin for coin, _score in chosen], np.array([score for _coin, score in chosen], dtype=np.float64)


def _score(row: Any) -> float:
    return 0.5 if row is None or row.score is None else float(row.score)


def _returns(
    coins: list[Asset], scores: Floats, now: datetime
) -> tuple[Floats, list[Asset], Floats, list[str]]:
    """Daily returns of those coins that have traded long enough, and which have not."""
    panel = assets.load_panel(Timeframe.DAY, now, WINDOW_DAYS + 1, [coin.pk for coin in coins])
    column = {int(asset): n for n, asset in enumerate(panel.asset_ids)}
    returns = panel.close[1:] / panel.close[:-1] - 1.0
    fits = usable(returns)
    kept = [n for n, coin in enumerate(coins) if coin.pk in column and fits[column[coin.pk]]]
    left = [coin.symbol for n, coin in enumerate(coins) if n not in kept]
    columns = [column[coins[n].pk] for n in kept]
    return returns[:, columns], [coins[n] for n in kept], scores[kept], left


def _told(
    standing: Standing,
    coins: Sequence[Asset],
    weights: Floats,
    returns: Floats,
    caps: Caps,
    left_out: list[str],
) -> dict[str, Any]:
    equity = float(standing.equity)
    wanted = {coin.pk: float(weight) for coin, weight in zip(coins, weights, strict=True)}
    held = {one.asset.pk: float(one.value or 0) / equity for one in standing.held}
    names = {coin.pk: coin for coin in [*coins, *(one.asset for one in standing.held)]}
    prices = assets.last_prices(names, standing.now)
    rows, turned = [], 0.0
    for pk in sorted(names, key=lambda pk: names[pk].symbol):
        now, then = held.get(pk, 0.0), wanted.get(pk, 0.0)
        change = then - now
        is_small = abs(change) < LEAST_TRADE and then > 0
        turned += 0.0 if is_small else abs(change)
        price = prices.get(pk)
        rows.append(
            {
                "crypto_id": pk,
                "symbol": names[pk].symbol,
                "sector": names[pk].sector_name,
                "weight": now,
                "target_weight": then,
                "action": "hold" if is_small or not change else "buy" if change > 0 else "sell",
                "amount": 0.0 if is_small else round(change * equity, 2),
                "price": None if price is None else float(price.price),
            }
        )
    current = np.array([held.get(coin.pk, 0.0) for coin in coins], dtype=np.float64)
    year = Timeframe.DAY.bars_per_year
    return {
        "method": "risk budgeting by score, skfolio",
        "equity": equity,
        "trades": rows,
        "cash_weight": 1.0 - float(weights.sum()),
        "turnover": turned,
        "costs": round(turned * equity * float(BROKER.side), 2),
        "volatility": volatility(current, returns, year) if len(coins) else None,
        "target_volatility": volatility(weights, returns, year) if len(coins) else None,
        "limits": {"exposure": caps.exposure, "asset": caps.asset, "sector": caps.sector},
        "left_out": left_out,
    }
