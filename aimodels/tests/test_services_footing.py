"""What a close stood on is kept beside what was said at it, by the clock of the close."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aimodels import services
from aimodels.engine.footing import Cause, Footing
from aimodels.models import AIModel
from aimodels.tests import toys as toy
from aimodels.tests.test_services_serving import MOMENTS, corrupt, newest, serve
from aimodels.words import standing_words

pytestmark = pytest.mark.django_db
LAST = MOMENTS[-1]


def told(served: services.Served[toy.ToyFit], moment: Any = LAST) -> dict[str, Any]:
    return served.standing(toy.SPEC, [moment])[0].document()


def test_where_the_calendars_own_fit_serves_there_is_nothing_to_say(toys: Any) -> None:
    served = serve()
    assert [one.document() for one in served.standing(toy.SPEC, MOMENTS)] == [{}] * len(MOMENTS)
    assert served.standing(toy.SPEC, [LAST])[0].model_id == served.model_ids[LAST]


def test_a_broken_version_is_named_the_same_by_the_run_that_finds_it_and_by_the_next(toys: Any) -> None:
    serve()
    corrupt(newest(), b"gone")
    first = told(serve())
    assert (first["state"], first["withheld"]) == ("broken", False)
    assert first["version"] == f"1.{MOMENTS[-2]:%Y%m%d}"
    assert first["version"] in first["reason"]
    assert told(serve()) == first


def test_a_champion_that_a_decision_holds_on_to_says_so_until_it_expires_and_is_silent_then(
    toys: Any,
) -> None:
    serve(MOMENTS[:2])
    services.rollback(name="toy", now=MOMENTS[1])
    served = serve([*MOMENTS, MOMENTS[0] + timedelta(days=84)])
    assert told(served, MOMENTS[0]) == {}
    held = told(served, MOMENTS[1] + timedelta(days=3))
    assert (held["state"], held["version"], held["withheld"]) == (
        "rolled_back",
        f"1.{MOMENTS[0]:%Y%m%d}",
        False,
    )
    late = told(served, MOMENTS[0] + timedelta(days=84))
    assert (late["state"], late["withheld"]) == ("expired", True)
    assert "train it again" in late["reason"]


def test_a_version_that_expires_within_its_span_speaks_up_to_that_close_only(toys: Any) -> None:
    serve(MOMENTS[-1:])
    AIModel.objects.update(expires_at=LAST + timedelta(days=5))
    served = serve(MOMENTS[-1:])
    closes = [LAST + timedelta(days=day) for day in (4, 5)]
    assert [one.withheld for one in served.standing(toy.SPEC, closes)] == [False, True]
    AIModel.objects.update(expires_at=LAST)
    served = serve(MOMENTS[-1:])
    assert not served.fits
    assert told(served)["state"] == "expired"


def test_too_little_history_is_a_reason_of_its_own(toys: Any) -> None:
    def never(moment: Any) -> toy.ToyFit:
        raise ValueError("3 rows are too few")

    early = told(serve(MOMENTS[:1], fit=never), MOMENTS[0])
    assert (early["state"], early["withheld"]) == ("short_history", True)
    serve(MOMENTS[:1])
    later = told(serve(MOMENTS[:2], fit=never), MOMENTS[1])
    assert (later["state"], later["version"], later["withheld"]) == (
        "short_history",
        f"1.{MOMENTS[0]:%Y%m%d}",
        False,
    )


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words_whether_a_version_serves_or_none(cause: Cause) -> None:
    silent = Footing(cause).document()
    assert standing_words(silent) == silent["reason"] != ""
    serves = Footing(cause, 1, "1.20240101").document()
    assert bool(serves) == (cause is not Cause.NONE)
    assert standing_words(serves) == serves.get("reason", "")
