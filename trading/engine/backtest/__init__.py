"""What a set of rules would have earned: trades bar by bar, a portfolio of them, and whether it was luck."""

from trading.engine.backtest.book import Book, Terms, keep_book
from trading.engine.backtest.entries import at_shares
from trading.engine.backtest.kernel import Trades, join, trade
from trading.engine.backtest.report import Report, Run, judge_run, ratio_of, simulate, varied

__all__ = [
    "Book",
    "Report",
    "Run",
    "Terms",
    "Trades",
    "at_shares",
    "join",
    "judge_run",
    "keep_book",
    "ratio_of",
    "simulate",
    "trade",
    "varied",
]
