"""What a simulated coin is from its birth: name, sector, size, risk, and the dates of its life."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Bools, Floats, Ints
from assets.engine.simulator.draws import Draws, Stream
from assets.engine.simulator.factors import SECTORS
from assets.engine.simulator.params import ANCHORS, SimulationParams

_SHARES = (0.16, 0.18, 0.10, 0.10, 0.07, 0.13, 0.10, 0.07, 0.05, 0.04)
_HEADS = "BKTVNZRDMLGSFPHJ"
_VOWELS = "AEIOU"
_TAILS = "LNRV"
_ENDINGS = ("ara", "ion", "eth", "ora", "ium", "ana", "ix", "ovo")
_NEVER = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Coins:
    """Constants of each coin (N,): `sector` indexes SECTORS; `cap`, `price` and `turnover` (a day, of the
    cap) at the start; `volatility` of its own part a day; `loading` on its sector; times are days since
    the start, infinite where it never happens; `thin` trades so little that its price stands still at times.
    """

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    sector: Ints
    is_stable: Bools
    cap: Floats
    price: Floats
    turnover: Floats
    inflation: Floats
    volatility: Floats
    beta: Floats
    loading: Floats
    listed: Floats
    collapses: Floats
    delisted: Floats
    has_cap: Bools
    thin: Floats


def coins(params: SimulationParams, draws: Draws) -> Coins:
    """The coins of a market: BTC and ETH first, then invented ones, larger ones earlier on the whole."""
    chance = draws.once(Stream.COINS)
    count = params.assets
    sector = _sectors(count)
    stable = sector == SECTORS.index("Stablecoins")
    anchor = np.arange(count) < ANCHORS
    cap = _caps(chance, count)
    size = np.log(cap / 3.6e8)
    volatility = params.idiosyncratic * np.exp(0.35 * chance.standard_normal(count) - 0.04 * size)
    volatility *= np.where(sector == SECTORS.index("Meme"), 1.25, 1.0)
    volatility[:ANCHORS] = (0.011, 0.020)
    beta = np.clip(1.16 + 0.20 * chance.standard_normal(count), 0.5, 2.0)
    beta[:ANCHORS] = (0.96, 1.15)
    price = np.exp(chance.uniform(np.log(0.02), np.log(60.0), count))
    price *= np.where(sector == SECTORS.index("Meme"), 1e-4, 1.0)
    price[:ANCHORS] = (11_000.0, 700.0)
    turnover = np.exp(-2.9 + 0.7 * chance.standard_normal(count))
    turnover[:ANCHORS] = (0.035, 0.06)
    listed, collapses, delisted = _lives(params, chance, anchor, stable)
    names, symbols = _names(sector)
    return Coins(
        symbols=symbols,
        names=names,
        sector=sector,
        is_stable=stable,
        cap=np.where(stable, cap * 5.0, cap),
        price=np.where(stable, 1.0, price),
        turnover=np.where(stable, 0.3, turnover),
        inflation=np.where(anchor, 0.01, chance.uniform(0.0, 0.15, count)),
        volatility=np.where(stable, 0.0, volatility),
        beta=np.where(stable, 0.0, beta),
        loading=np.where(stable, 0.0, np.where(anchor, 0.25, chance.uniform(0.6, 1.4, count))),
        listed=listed,
        collapses=collapses,
        delisted=delisted,
        has_cap=anchor | stable | (chance.random(count) >= params.without_cap),
        thin=np.where(anchor | stable, 0.0, np.clip(-size, 0.2, 3.0)),
    )


def _sectors(count: int) -> Ints:
    """Sector of each coin: one of each first, then shares as even as whole coins allow (Webster)."""
    shares = np.array(_SHARES)
    held = np.zeros(len(shares))
    out = np.empty(count, dtype=np.int64)
    for coin in range(count):
        claim = shares / (held + 0.5) + np.where(held == 0, 1.0, 0.0)
        choice = SECTORS.index("Layer1") if coin < ANCHORS else int(np.argmax(claim))
        out[coin] = choice
        held[choice] += 1
    return out


def _caps(chance: np.random.Generator, count: int) -> Floats:
    """USD: BTC about half of the market, ETH a sixth, the rest a power law with noise."""
    rank = np.arange(1, count + 1, dtype=np.float64)
    cap = 0.8e11 * rank**-1.15 * np.exp(0.5 * chance.standard_normal(count))
    cap[:ANCHORS] = (2.1e11, 0.8e11)
    return np.asarray(cap, dtype=np.float64)


def _lives(
    params: SimulationParams, chance: np.random.Generator, anchor: Bools, stable: Bools
) -> tuple[Floats, Floats, Floats]:
    """Days from the start to listing, collapse and end of trading (some weeks after a collapse).

    The first coin of each sector is there from the start; BTC, ETH and stablecoins never leave.
    """
    count = len(anchor)
    founder = np.arange(count) < ANCHORS + len(SECTORS) - 1
    later = (chance.random(count) >= params.listed_at_start) & ~founder
    listed = np.where(later, chance.uniform(1.0, params.listing_days, count), -np.inf)
    since = np.maximum(listed, 0.0)
    kept = anchor | stable
    collapses = since + 30.0 + chance.exponential(365.25 / max(params.yearly_collapses, 1e-9), count)
    leaves = since + 90.0 + chance.exponential(365.25 / max(params.yearly_delistings, 1e-9), count)
    collapses = np.where(kept, _NEVER, collapses)
    ends = np.minimum(leaves, collapses + chance.uniform(25.0, 80.0, count))
    return listed, collapses, np.where(kept, _NEVER, ends)


def _names(sector: Ints) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and tickers. Invented tickers end in SIM: none can be taken for a coin that exists."""
    stems = [head + vowel + tail for vowel in _VOWELS for tail in _TAILS for head in _HEADS]
    names, symbols = ["Bitcoin (simulated)", "Ethereum (simulated)"], ["BTC", "ETH"]
    for coin in range(ANCHORS, len(sector)):
        turn, place = divmod((coin - ANCHORS) * 37, len(stems))
        stem = stems[place] + (
            _VOWELS[(coin - ANCHORS) // len(stems) - 1] if coin - ANCHORS >= len(stems) else ""
        )
        ending = _ENDINGS[(coin + turn) % len(_ENDINGS)]
        pegged = sector[coin] == SECTORS.index("Stablecoins")
        names.append(f"{stem.capitalize()}{' Dollar' if pegged else ending} (simulated)")
        symbols.append(f"{stem}{'USD' if pegged else ''}SIM")
    return tuple(names), tuple(symbols)
