"""What people call the layer's features, and the sectors that come with the product."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

#: The names of the default taxonomy and what it says of each, again where the translators' tools look.
NAMES = (
    gettext_noop("DeFi"),
    gettext_noop("Layer1"),
    gettext_noop("Layer2"),
    gettext_noop("Gaming"),
    gettext_noop("NFT"),
    gettext_noop("Infrastructure"),
    gettext_noop("Meme"),
    gettext_noop("Payments"),
    gettext_noop("Privacy"),
    gettext_noop("Stablecoins"),
)
DESCRIPTIONS = (
    gettext_noop(
        "Lending, exchange, derivatives, staking and yield that run as contracts, without a custodian."
    ),
    gettext_noop(
        "Base blockchains that settle for themselves: consensus, security and the room to build on."
    ),
    gettext_noop("Networks that carry the load of a base chain: rollups, side chains and state channels."),
    gettext_noop(
        "Games whose items and money live on a chain, virtual worlds, and the guilds and chains behind them."
    ),
    gettext_noop("Collectibles and art as tokens: marketplaces, collections and the tools to make them."),
    gettext_noop(
        "What chains and their builders use: oracles, bridges, storage, computing, identity, indexing."
    ),
    gettext_noop("Coins carried by a joke and the crowd that shares it."),
    gettext_noop("Coins made to be spent or sent: digital cash, remittance and merchant settlement."),
    gettext_noop("Coins and networks that hide who pays whom, or what is computed."),
    gettext_noop("Coins pegged to money or gold: the cash of the market, not a bet on it."),
)

FEATURES: Mapping[str, str | Promise] = {
    "pace_28": _("28-day pace against the other sectors"),
    "pace_84": _("84-day pace against the other sectors"),
    "volatility": _("Volatility against the other sectors"),
    "drawdown": _("Fall from its high against the other sectors"),
    "keep_logit": _("How far ahead the leaders are"),
    "margin": _("Lead of the weakest leader"),
    "gap": _("Distance between leaders and followers"),
    "churn": _("How often the lead has changed lately"),
    "stir": _("How much the sectors move against each other"),
}


def feature_name(name: str) -> str:
    """What people call the feature; one not known here keeps its name."""
    return str(FEATURES.get(name, name.replace("_", " ")))


def sector_name(name: str) -> str:
    """A sector's name in the reader's language; one that an administrator gave stays as it was typed."""
    return gettext(name) if name in NAMES else name


def sector_description(text: str) -> str:
    """What a sector is, likewise."""
    return gettext(text) if text in DESCRIPTIONS else text
