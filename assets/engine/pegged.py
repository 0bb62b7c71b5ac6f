"""Tickers that follow another price: money, metal or another coin."""

from __future__ import annotations

_STABLE = frozenset(
    """
    AEUR ALUSD BFUSD BIDR BUSD CEUR CRVUSD CUSD DAI DOLA EURC EUROC EURS EURT FDUSD FEI FRAX GHO
    GUSD HUSD IDRT LUSD MIM MUSD OUSD PAX PYUSD RLUSD RSR-USD SBD SUSD SUSDE TRYB TUSD USD0 USD1
    USDB USDC USDD USDE USDG USDJ USDK USDL USDN USDP USDS USDT USDTB USDX USDY UST USTC VAI XSGD
    """.split()
)
_WRAPPED = frozenset(
    """
    ANKRETH BETH BNSOL BTCB BTCST CBBTC CBETH CDAI CETH CUSDC DGX ETHX EZETH FBTC FRXETH HBTC
    JITOSOL JUPSOL KAG KAU LBTC METH MSOL OSETH PAXG PMGT RENBTC RETH RSETH SAVAX SBTC SFRXETH
    SOLVBTC STETH STRX STSOL SWETH TBTC WAVAX WBETH WBNB WBTC WEETH WETH WFTM WMATIC WSTETH WTRX
    XAUT
    """.split()
)


def is_pegged(symbol: str) -> bool:
    """Whether `symbol` (a piece such as `UST#0` included) is known to follow another price."""
    ticker = symbol.partition("#")[0].upper()
    return ticker in _STABLE or ticker in _WRAPPED
