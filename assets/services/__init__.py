"""The only writers of assets and candles."""
