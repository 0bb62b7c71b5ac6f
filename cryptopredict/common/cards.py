"""What a layer says about itself on the dashboard: the return value of `<app>.selectors.card(user)`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, TypedDict


class Card(TypedDict):
    """One layer in one look. Shares are 0..1; texts are translated; None is what is not known."""

    layer: int  # 1..4
    name: str
    state: str  # one or two words: "Neutral", "DeFi leads"
    tone: NotRequired[str]  # colour of the state: bull, bear, neutral, volatile, warn
    figure: float | int | str | None
    unit: str  # "%", "coins"
    caption: NotRequired[str]  # what the figure is: "recommended exposure"
    sparkline: Sequence[float]  # oldest first; NaN leaves a gap
    sparkline_label: NotRequired[str]  # what the line shows, for those who do not see it
    confidence: float | None
    base_rate: float | None  # how often it is right without knowing anything
    break_even: NotRequired[float | None]
    track_record: NotRequired[str]  # "61 % of 230 calls like this came true (55 to 67)"
    as_of: datetime | None
    is_stale: bool
    sentence: NotRequired[str]  # this layer's clause of the dashboard's first line, with its full stop
    why_url: str  # empty where there is no page yet
