"""The ten default sectors and the coins that are known to belong to them.

A coin is listed by its ticker under its main sector; `TICKER:0.6` gives the weight where it has a
second home under another sector. Tickers in dispute, exchange tokens and fan tokens are left out: an
unmapped coin is honest, a wrong one moves an index.

The lists are what is known today, not what was known at each past close (LUNA was a first-rate
Layer1 until it was not; many a Layer2 began as a Layer1): `POINT_IN_TIME` says so, and a backtest
that touches them has to say it on its report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sectors.engine.membership import Membership

POINT_IN_TIME = False


@dataclass(frozen=True, slots=True)
class SectorDefinition:
    """A default sector: its name, what it is, its colour, what it is about, and its known members."""

    name: str
    description: str
    colour: str
    focus: tuple[str, ...]
    members: Mapping[str, float] = field(repr=False)
    stable: bool = False


def _weights(tickers: str) -> dict[str, float]:
    pairs = (entry.partition(":") for entry in tickers.split())
    return {ticker: float(weight or 1.0) for ticker, _, weight in pairs}


SECTORS: tuple[SectorDefinition, ...] = (
    SectorDefinition(
        "DeFi",
        "Lending, exchange, derivatives, staking and yield that run as contracts, without a custodian.",
        "#1B4F72",
        ("lending", "dex", "yield"),
        _weights("""
            1INCH AAVE ACA:0.6 AERO AEVO ALCX ALPACA ALPHA ANC AST AUCTION BADGER BAKE BAL BANANA BB:0.6
            BEL BETA BIFI BNT BOND BSW BTS BURGER C98 CAKE CETUS CLOUD COMP COW CREAM CRV CVX DEEP DEXE DF
            DFI:0.6 DODO DRIFT DYDX EIGEN:0.4 ENA ETHFI EUL FARM FIDA FIS FLM FOR FORTH FXS GFI GMX
            GNO:0.4 GNS HARD HEX HFT HIFI HYPE:0.6 IDEX INJ:0.6 INST INV JOE JST JTO JUP KAVA:0.4 KMNO KNC
            KP3R LDO LEVER LINA LISTA LIT LON LQTY LRC:0.3 MDT MDX MIR MKR MLN MNGO MORPHO MPL NTRN:0.6
            OGN:0.6 OM:0.6 ONDO ORCA ORDER OSMO PENDLE PERP POLS PRCL QI QUICK RAMP RARI:0.4 RAY RAYDIUM
            RDNT REI REN:0.4 REP REZ RPL RSR RUNE:0.6 SFP SKY SNX SPELL SRM SSV SSWP STG:0.6 SUN SUSHI
            SWELL SWISE SXP:0.4 SYRUP THE TORN:0.4 TRIBE TRU UMA UNFI UNI USUAL VELODROME VVS WING WNXM
            WOO XVS YFI YFII ZRX
        """),
    ),
    SectorDefinition(
        "Layer1",
        "Base blockchains that settle for themselves: consensus, security and the room to build on.",
        "#148F77",
        ("consensus", "security"),
        _weights("""
            A ACA:0.4 ADA AE AERGO AION ALGO AMB APT ARDR ARK ASTR:0.6 ATOM AVAX BB:0.4 BERA BNB BTC BTM
            CANTO CELO:0.6 CFX CHR:0.6 CKB CLV CRO:0.6 CSPR CTXC DFI:0.4 DOT EGLD ELA ELF EOS ERG ETC ETH
            ETHW ETP EVER EWT FLOW:0.6 FLR FTM GAS GLMR GO GXC HBAR HC HIVE HPB HTDF HYPE:0.4 ICP ICX
            INJ:0.4 INT IOST IOTA IP KAIA KAR KAS KAVA:0.6 KDA KLAY KMD KSM LSK:0.6 LUNA LUNA2 LUNC MAN
            MARO MINA MOAC MOVR NAS NEAR NEO NRG NULS NXS NXT NYZO OM:0.4 ONE ONG ONT POA POLYX QRL QTUM
            ROSE:0.6 RUNE:0.4 RVN S SAGA:0.6 SCRT:0.4 SEI SOL STEEM STRAT STRAX SUI SYS TIA:0.6 TOMO TON
            TRUE TRX UBQ VANRY VET VIC VITE VLX VSYS VTHO WAN:0.4 WAVES WICC WTC XCH XEM XPRT XRD XTZ XYM
            ZETA ZIL ZNN
        """),
    ),
    SectorDefinition(
        "Layer2",
        "Networks that carry the load of a base chain: rollups, side chains and state channels.",
        "#D68910",
        ("scaling", "speed"),
        _weights("""
            ALT:0.4 ARB ASTR:0.4 BLAST BOBA CELO:0.4 CELR:0.6 CTSI IMX:0.6 LRC:0.7 LSK:0.4 LUMIA MANTA
            MATIC MERL METIS MNT MODE MOVE OMG OP POL SCR SKL STRK STX TAIKO ZK ZKJ
        """),
    ),
    SectorDefinition(
        "Gaming",
        "Games whose items and money live on a chain, virtual worlds, and the guilds and chains behind them.",
        "#A569BD",
        ("gaming", "nft", "virtual"),
        _weights("""
            A8 ACE AGLD ALICE APE:0.4 ATLAS ATRI AXS BEAMX BIGTIME CARV:0.6 CATI CHR:0.4 CHZ:0.4 DAR DEP
            DMTR ENJ:0.6 ERN FUN GALA GFAL GHST GMEE GMT GODS HERO HIGH HMSTR HOOK ILV IMX:0.4 LOKA MAGIC
            MANA MAVIA MBOX MC MGO MOBOX MYRIA NAKA NOT:0.6 PDA PIXEL POLIS PORTAL PRIME PYR RON SAGA:0.4
            SAND SFUND SIDUS SLP SUPER:0.4 TLM TVK UFO UOS VOXEL VRA WAXP:0.4 WEMIX WIN XAI XPLA YGG
        """),
    ),
    SectorDefinition(
        "NFT",
        "Collectibles and art as tokens: marketplaces, collections and the tools to make them.",
        "#E74C3C",
        ("art", "collectibles"),
        _weights("""
            APE:0.6 BLUR CHZ:0.6 DEGO ENJ:0.4 FLOW:0.4 LOOKS ME MOCA:0.6 NFP NFT OGN:0.4 PENGU:0.4 RARE
            RARI:0.6 SUPER:0.6 TNSR WAXP:0.6 WHALE X2Y2
        """),
    ),
    SectorDefinition(
        "Infrastructure",
        "What chains and their builders use: oracles, bridges, storage, computing, identity, indexing.",
        "#5D6D7E",
        ("oracles", "bridges"),
        _weights("""
            ACX AGI AGIX AIOZ AKT ALT:0.6 ANKR API3 AR ARKM ARPA ATH AUDIO AXL BAND BAT BICO BLOCK BLZ BTT
            CARV:0.4 CELR:0.4 COS CQT CTK CVC CYBER DATA DIA DOCK DYM EIGEN:0.6 ENS FCT FET FIL FLT FLUX
            FSN G GAL GLM GNO:0.6 GRASS GRT GTC HNS HNT HOT ID IO IOTX IRIS KEEP KEY KYVE LINK LOOM LPT
            MAID MASK MDS MOBILE MOCA:0.4 MULTI NKN NMC NMR NTRN:0.4 NU OCEAN OMNI ORBS OXT:0.6 PHA PHB
            POKT POLY POND PYTH QNT RAD REN:0.6 RENDER RIF RLC RNDR RSS3 SAFE SC SIREN SNT STG:0.4 STORJ
            SYN T TAO TFUEL THETA TIA:0.4 TRAC TRB VIDT W WAN:0.6 WLD WORMHOLE XCN ZEUS ZRO
        """),
    ),
    SectorDefinition(
        "Meme",
        "Coins carried by a joke and the crowd that shares it.",
        "#F39C12",
        ("community", "social"),
        _weights("""
            1000SATS 1MBABYDOGE ACT AIDOGE AKITA BABYDOGE BAN BOME BONE BONK BRETT CAT CHEEMS COQ DEGEN
            DOG DOGE DOGS ELON FARTCOIN FLOKI FWOG GIGA GOAT HIPPO HPOS10I KISHU LADYS LEASH MEME MEW MOG
            MOODENG MYRO NEIRO NEIROCTO NOT:0.4 ORDI PENGU:0.6 PEOPLE PEPE PIT PNUT PONKE POPCAT RATS SAMO
            SATS SHIB SHIB1000 SLERF SPX TOSHI TRUMP TURBO VINE VOLT WEN WIF WOJAK
        """),
    ),
    SectorDefinition(
        "Payments",
        "Coins made to be spent or sent: digital cash, remittance and merchant settlement.",
        "#27AE60",
        ("payments", "remittance"),
        _weights("""
            ABBC ACH AMP BCD BCH BSV BTG COTI CRO:0.4 DASH:0.6 DCR DGB DIVI ETN GRS KIN LTC MCO MONA MTL
            NANO NIM NLG NPXS PAC PPC PUNDIX PZM RDD REQ SMART SXP:0.6 TEL UTK VTC XDC XLM XNO XRP ZBCN
        """),
    ),
    SectorDefinition(
        "Privacy",
        "Coins and networks that hide who pays whom, or what is computed.",
        "#2E4057",
        ("privacy", "anonymity"),
        _weights("""
            ALEO APL ARRR BCN BDX BEAM BTCP DASH:0.4 DERO DUSK FIRO GRIN MOB MWC NAV NIX NYM OXT:0.4 PART
            PIVX ROSE:0.4 SCRT:0.6 SERO SUMO TORN:0.6 XDN XHV XMR XVG XZC ZANO ZCL ZEC ZEN
        """),
    ),
    SectorDefinition(
        "Stablecoins",
        "Coins pegged to money or gold: the cash of the market, not a bet on it.",
        "#85929E",
        ("stability", "pegged"),
        _weights("""
            BUSD CRVUSD CUSD DAI EURC EURS EURT FDUSD FRAX GHO GUSD HUSD LUSD MIM PAX PAXG PYUSD SUSD TUSD
            USDC USDD USDE USDJ USDN USDP USDS USDT USNBT UST USTC XAUT
        """),
        stable=True,
    ),
)

NAMES: tuple[str, ...] = tuple(sector.name for sector in SECTORS)


def base_ticker(symbol: str) -> str:
    """The ticker behind a symbol: upper case, without the `#n` that numbers the pieces of a cut series."""
    return symbol.partition("#")[0].upper()


def homes(symbol: str) -> dict[str, float]:
    """Sector names and weights of a coin, main sector first; empty when it is not known."""
    ticker = base_ticker(symbol)
    found = {s.name: s.members[ticker] for s in SECTORS if s.members.get(ticker, 0.0) > 0}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def known_tickers() -> frozenset[str]:
    """Every ticker that has a home."""
    return frozenset(ticker for sector in SECTORS for ticker, weight in sector.members.items() if weight > 0)


def membership(symbols: Sequence[str], sectors: Iterable[SectorDefinition] = SECTORS) -> Membership:
    """The default membership of `symbols` (N,): weights (N, S), zero rows for unknown coins."""
    chosen = tuple(sectors)
    weights = np.zeros((len(symbols), len(chosen)))
    for n, symbol in enumerate(symbols):
        for s, sector in enumerate(chosen):
            weights[n, s] = sector.members.get(base_ticker(symbol), 0.0)
    return Membership(
        tuple(sector.name for sector in chosen), weights, np.array([s.stable for s in chosen], dtype=np.bool_)
    )
