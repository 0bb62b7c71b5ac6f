"""What a set of rules would have earned: trades bar by bar, a portfolio of them, and whether it was luck."""

from trading.engine.backtest.book import Book, Terms, keep_book
from trading.engine.backtest.kernel import Trades, join, trade

__all__ = ["Book", "Terms", "Trades", "join", "keep_book", "trade"]
