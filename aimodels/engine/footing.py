"""What a layer stood on when it spoke: the version that served a close, and why not the fit of its day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Why another version served than the calendar's own, or none; empty where that one did."""

    NONE = ""
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"
    BROKEN = "broken"
    SHORT_HISTORY = "short_history"
    EXPIRED = "expired"


#: In English, as records keep them; `aimodels.words` has them in the reader's language.
SERVES: Mapping[Cause, str] = {
    Cause.REFUSED: "version %(version)s goes on serving: its successor was judged worse and refused",
    Cause.ROLLED_BACK: "version %(version)s serves: it was rolled back to",
    Cause.BROKEN: "version %(version)s serves: the file of a newer one is not what was stored",
    Cause.SHORT_HISTORY: "version %(version)s goes on serving: too little to learn the next from",
}
SILENT: Mapping[Cause, str] = {
    Cause.NONE: "no version served this close",
    Cause.BROKEN: "the model's file is not what was stored, and no sound version is left: train it again",
    Cause.SHORT_HISTORY: "there was too little history to learn from by then",
    Cause.EXPIRED: "version %(version)s had expired by then and no newer one served: train it again",
}


@dataclass(frozen=True, slots=True)
class Footing:
    """`model_id` and `version` served (None and "" where nothing did; an expired one is named all the same).

    `withheld`: no confidence may be given.
    """

    cause: Cause = Cause.NONE
    model_id: int | None = None
    version: str = ""
    fitted_as_of: datetime | None = None
    expires_at: datetime | None = None

    def at(self, close: datetime) -> Footing:
        """The footing of one close: a version that had expired by then does not speak any more."""
        if self.model_id is None or self.expires_at is None or self.expires_at > close:
            return self
        return replace(self, cause=Cause.EXPIRED)

    @property
    def withheld(self) -> bool:
        return self.model_id is None or self.cause is Cause.EXPIRED

    @property
    def template(self) -> str:
        """What is to be said of it, to be filled with `version`; empty where there is nothing to say."""
        if self.withheld:
            return SILENT.get(self.cause, SILENT[Cause.NONE])
        return SERVES.get(self.cause, "")

    def document(self) -> dict[str, Any]:
        """As records keep it; empty where the calendar's own fit served."""
        if not self.template:
            return {}
        return {
            "state": self.cause.value or "missing",
            "version": self.version,
            "withheld": self.withheld,
            "reason": self.template % {"version": self.version},
        }


NOTHING = Footing()
