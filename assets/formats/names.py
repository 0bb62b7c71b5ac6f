"""Words met in columns and file names: coins by name, dollar coins by ticker, and words that name no coin."""

from __future__ import annotations

COINS = {
    "bitcoin": "BTC", "ethereum": "ETH", "ether": "ETH", "ripple": "XRP", "xrp": "XRP", "litecoin": "LTC",
    "cardano": "ADA", "solana": "SOL", "dogecoin": "DOGE", "polkadot": "DOT", "binancecoin": "BNB",
    "bnb": "BNB", "chainlink": "LINK", "stellar": "XLM", "monero": "XMR", "tron": "TRX", "uniswap": "UNI",
    "cosmos": "ATOM", "avalanche": "AVAX", "polygon": "MATIC", "aave": "AAVE", "eos": "EOS", "iota": "IOTA",
    "nem": "XEM", "neo": "NEO", "dash": "DASH", "zcash": "ZEC", "tezos": "XTZ", "filecoin": "FIL",
    "vechain": "VET", "shibainu": "SHIB", "near": "NEAR", "algorand": "ALGO", "tether": "USDT",
    "usdcoin": "USDC", "dai": "DAI", "bitcoincash": "BCH", "ethereumclassic": "ETC", "hedera": "HBAR",
    "maker": "MKR", "aptos": "APT", "arbitrum": "ARB", "optimism": "OP", "sui": "SUI", "pepe": "PEPE",
    "toncoin": "TON", "kaspa": "KAS",
}  # fmt: skip

# Tickers that end like a quote and yet are coins.
DOLLAR_COINS = frozenset({
    "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "PYUSD", "GUSD", "SUSD", "LUSD", "CUSD", "HUSD", "ZUSD",
    "MUSD", "OUSD", "NUSD", "DUSD", "AUSD", "EUSD", "RUSD", "XUSD", "VUSD", "CRVUSD", "RLUSD", "MKUSD",
    "USTUSD", "SFUSD", "GYUSD",
})  # fmt: skip

NOISE = frozenset({
    "binance", "binanceus", "bybit", "bitstamp", "bitfinex", "coinbase", "kraken", "gemini", "poloniex",
    "okx", "okex", "kucoin", "gateio", "huobi", "bitget", "mexc", "yahoo", "yfinance", "coingecko",
    "coinmarketcap", "cmc", "cryptodatadownload", "coinmetrics", "kaggle", "cryptocompare", "coin", "coins",
    "crypto", "spot", "perp", "swap", "futures", "future", "um", "cm", "linear", "inverse", "d", "h", "m",
    "w", "s", "day", "daily", "hour", "hourly", "minute", "weekly", "monthly", "min", "max", "all", "full",
    "price", "prices", "history", "historical", "data", "dataset", "chart", "ohlc", "ohlcv", "kline",
    "klines", "candle", "candles", "download", "export", "api", "pro", "trades", "raw", "clean", "merged",
    "latest", "new", "file", "market", "cap", "funding", "fundingrate", "rate", "rates", "metrics", "open",
    "interest", "openinterest", "oi",
})  # fmt: skip
