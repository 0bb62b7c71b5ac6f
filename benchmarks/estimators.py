"""Which estimator learns most: linear, histogram boosting, LightGBM; same features, folds and labels.

`python -m benchmarks.estimators CANDLES [--from DATE --to DATE]` prints, out of sample with a refit every
84 days, purged by the label's horizon, what docs/models quotes.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from aimodels.engine import linear
from assets.engine.panel import Floats
from benchmarks import real, trees
from cryptopredict.lookahead import Market
from sectors.engine import home_momentum
from selection import engine as selection
from selection.engine import judge as ranks
from selection.engine.score import RANK_HEAD, SCALED_HEAD, design, scorable
from trading import engine as trading
from trading.engine.barriers import DIRECTIONS, OPEN, TARGET
from trading.engine.judge import auc, bootstrap, brier_skill
from trading.engine.probability import INVERSE_PENALTY, gather, labelled

STEP = 84
SHAPE = {"num_leaves": 15, "learning_rate": 0.05, "min_child_samples": 300}
Fit = Callable[[Floats, Floats], Callable[[Floats], Floats]]


def main() -> None:
    """Print both tables."""
    parser = ArgumentParser("benchmarks.estimators", description="Compare estimators on real candles.")
    parser.add_argument("candles", type=Path)
    parser.add_argument("--from", dest="since", type=_day, default=_day("2021-01-01"))
    parser.add_argument("--to", type=_day, default=_day("2024-12-31"))
    options = parser.parse_args()
    market = real.load(options.candles, None, _day("2014-01-01"), options.to)
    first = market.panel.known_at(options.since) - 1
    console = Console()
    for head, name in ((RANK_HEAD, "rank"), (SCALED_HEAD, "scaled return")):
        for line in scores(market, first, head):
            console.print(f"selection 7 days, {name} head: {line}", highlight=False)
    for direction in DIRECTIONS:
        for line in chances(market, first, direction):
            console.print(f"trading, {direction}: {line}", highlight=False)


def scores(market: Market, first: int, head: int) -> Iterator[str]:
    """One line an estimator: rank correlation, beyond low volatility, fifths a week after costs."""
    panel = market.panel
    strength = home_momentum(panel, market.membership, market.homes)
    inputs = selection.prepare(panel, selection.Context(sector_strength=strength))
    targets, _ = inputs.learning(7)
    target = (targets.ranked, targets.scaled)[head]
    for name, fit in (("ridge with squares and trend", None), *_regressors()):
        said = np.full((len(panel.times) - first, panel.shape[1]), np.nan)
        for start in range(first, len(panel.times), STEP):
            rows = slice(start, min(start + STEP, len(panel.times)))
            if fit is None:
                made = selection.fit(inputs, start - 1, selection.WEEK)
                raw = linear.score((made.rank, made.scaled)[head], design(inputs, rows))
            else:
                raw = _tree_score(inputs, target, fit, start, rows)
            said[rows.start - first : rows.stop - first] = np.where(scorable(inputs, rows), raw, np.nan)
        found = ranks.judge(inputs, said, first, 7)
        yield (
            f"{name}: IC {found.ic.mean:.3f} (t {found.ic.t_value:.1f}, {found.ic.low:.3f} to "
            f"{found.ic.high:.3f}), beyond low volatility {found.beyond.mean:.3f}, fifths "
            f"{100 * found.spread.mean:.2f} % a week ({100 * found.spread.low:.2f} to "
            f"{100 * found.spread.high:.2f})"
        )


def _tree_score(inputs: Any, target: Floats, fit: Fit, start: int, rows: slice) -> Floats:
    days = np.flatnonzero((inputs.day_rows + 8 < start) & (inputs.day_rows >= start - 1095))[::3]
    used = inputs.day_rows[days]
    where, columns = np.nonzero(np.isfinite(target[days]))
    predict = fit(_x(inputs, used)[where, columns], target[days][where, columns])
    x = _x(inputs, np.arange(rows.start, rows.stop))
    return predict(x.reshape(-1, x.shape[-1])).reshape(x.shape[:2])


def _x(inputs: Any, rows: Any) -> Floats:
    own = np.moveaxis(inputs.ranks[:, rows], 0, -1)
    trend = np.broadcast_to(inputs.market.trend[rows][:, None, None], (*own.shape[:2], 1))
    return np.concatenate([own, trend], axis=-1)


def chances(market: Market, first: int, direction: trading.Direction) -> Iterator[str]:
    """One line an estimator: AUC, Brier skill, mean net R of the hundredth it is surest of."""
    inputs = trading.prepare(market.panel)
    side = DIRECTIONS.index(direction)
    ended = inputs.outcomes[side]
    able = inputs.candidates & np.isfinite(ended.return_r) & (ended.code != OPEN)
    for name, fit in _classifiers():
        said, base, hit, net, bar = [], [], [], [], []
        for start in range(first, len(market.panel.times), STEP):
            every = labelled(inputs, start - 1, direction)
            cases = every.taken(every.sampled)
            predict = fit(cases.x, cases.hit)
            where, columns = np.nonzero(able[start : start + STEP])
            rows = where + start
            said.append(predict(gather(inputs, rows, columns, direction)))
            base.append(np.full(len(rows), cases.hit.mean()))
            hit.append((ended.code[rows, columns] == TARGET).astype(np.float64))
            net.append(ended.return_r[rows, columns])
            bar.append(rows)
        p, b, y, r, t = (np.concatenate(part) for part in (said, base, hit, net, bar))
        top = p >= np.quantile(p, 0.99)
        earned = bootstrap(r[top], t[top], 28)
        yield (
            f"{name}: AUC {auc(p, y):.4f}, Brier skill {brier_skill(p, y, b):.4f}; surest hundredth said "
            f"{p[top].mean():.3f}, hit {y[top].mean():.3f}, {earned.mean:+.3f} R ({earned.low:+.3f} to "
            f"{earned.high:+.3f})"
        )


def _regressors() -> tuple[tuple[str, Fit], ...]:
    def plain(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
        line = linear.fit_ridge(x, y, 100.0)
        return lambda new: linear.score(line, new)

    def boosted(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
        model = HistGradientBoostingRegressor(
            max_iter=150, max_leaf_nodes=15, learning_rate=0.05, min_samples_leaf=300, random_state=0
        ).fit(x, y)
        return lambda new: np.asarray(model.predict(new))

    def light(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
        grown = trees.grow(x, y, {**SHAPE, "objective": "regression"}, 150)
        return lambda new: trees.predict(grown, new)

    return (("ridge on ranks", plain), ("histogram boosting", boosted), ("LightGBM", light))


def _classifiers() -> tuple[tuple[str, Fit], ...]:
    def logistic(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
        line = linear.fit_logistic(x, y, INVERSE_PENALTY)
        return lambda new: linear.sigmoid(linear.score(line, new))

    def boosted(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
        model = HistGradientBoostingClassifier(
            max_iter=100, max_leaf_nodes=8, learning_rate=0.05, min_samples_leaf=500, random_state=0
        ).fit(x, y)
        return lambda new: np.asarray(model.predict_proba(new)[:, 1])

    def light(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
        shape = {**SHAPE, "objective": "binary", "num_leaves": 8, "min_child_samples": 500}
        grown = trees.grow(x, y, shape, 100)
        return lambda new: trees.predict(grown, new)

    return (("logistic", logistic), ("histogram boosting", boosted), ("LightGBM", light))


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
