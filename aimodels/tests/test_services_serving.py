"""What serves a moment: the fit of the grid, a held champion, or a sound older fit where that one is
broken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from aimodels import selectors, services
from aimodels.engine.linear import Linear
from aimodels.engine.spec import fit_time
from aimodels.models import AIModel, ModelStatus, Promotion, PromotionVerdict
from aimodels.selectors import State, grid, standing
from aimodels.tests import toys as toy
from assets.engine.timeframe import Timeframe

pytestmark = pytest.mark.django_db
FRAME = Timeframe.DAY
MOMENTS = grid(toy.SPEC, toy.LAST - timedelta(days=84), toy.LAST)
MADE = toy.inputs()


@dataclass(frozen=True)
class Reshaped:
    """What a later version of the toy makes."""

    line: Linear
    base: float
    more: float = 0.0


def serve(moments: list[datetime] = MOMENTS, **more: Any) -> services.Served[toy.ToyFit]:
    def fit(moment: datetime) -> toy.ToyFit:
        return toy.fit(MADE, toy.PANEL.known_at(moment) - 1)

    return services.serve(
        spec=toy.SPEC, timeframe=FRAME, moments=moments, **{"fit": fit, "kind": toy.ToyFit, **more}
    )


def corrupt(version: AIModel, data: bytes | None) -> None:
    """What a disk or a hand can do to a stored file, past the database's triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE aimodels_aimodel SET artefact = %s WHERE id = %s", [data, version.pk])
        cursor.execute("SET session_replication_role = DEFAULT")


def newest() -> AIModel:
    return AIModel.objects.order_by("-fitted_as_of", "-pk")[0]


def test_fits_are_made_once_and_read_from_then_on(toys: Any) -> None:
    first = serve()

    def never(moment: datetime) -> toy.ToyFit:
        raise AssertionError("it is stored")

    again = serve(fit=never)
    assert list(first.fits) == MOMENTS
    assert again.model_ids == first.model_ids
    assert [fit.base for fit in again.fits.values()] == [fit.base for fit in first.fits.values()]
    row = newest()
    assert (row.is_active, row.expires_at) == (True, row.fitted_as_of + timedelta(days=84))
    assert selectors.active("toy", FRAME) == row


def test_every_change_of_what_serves_is_written_down_and_cannot_be_altered(toys: Any) -> None:
    serve(MOMENTS[:1])
    serve(MOMENTS[:2])
    first, second = Promotion.objects.order_by("pk")
    assert (first.verdict, first.champion) == (PromotionVerdict.UNPROVEN, None)
    assert (second.verdict, second.champion, second.effective_from) == (
        PromotionVerdict.REFIT,
        first.serving,
        MOMENTS[1],
    )
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Promotion.objects.update(verdict=PromotionVerdict.PROMOTED)
    with pytest.raises(DatabaseError), transaction.atomic():
        Promotion.objects.all().delete()


def test_an_older_fit_never_takes_over_from_a_newer(toys: Any) -> None:
    serve(MOMENTS[-1:])
    serve(MOMENTS[:1])
    active = selectors.active("toy", FRAME)
    assert active is not None
    assert active.fitted_as_of == MOMENTS[-1]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: None, "missing"),
        (lambda data: data[: len(data) // 2], "hash differs"),
        (lambda data: data.replace(b"base", b"case"), "hash differs"),
        (lambda data: b"", "hash differs"),
    ],
    ids=["missing", "truncated", "altered", "empty"],
)
def test_a_broken_artefact_is_refused_and_the_old_champion_serves(toys: Any, damage: Any, why: str) -> None:
    before = serve()
    broken = newest()
    corrupt(broken, damage(bytes(broken.artefact)))
    after = serve()
    assert after.model_ids[MOMENTS[-1]] == before.model_ids[MOMENTS[-2]]
    assert why in after.notes[MOMENTS[-1]]
    assert after.fits[MOMENTS[-1]].base == before.fits[MOMENTS[-2]].base
    broken.refresh_from_db()
    assert (broken.status, broken.is_active) == (ModelStatus.ERROR, False)
    assert why in broken.health_status["artefact"]
    active = selectors.active("toy", FRAME)
    assert active is not None
    assert active.pk == before.model_ids[MOMENTS[-2]]
    record = Promotion.objects.latest("pk")
    assert (record.verdict, record.serving, record.challenger) == ("rolled_back", active, broken)
    assert serve().model_ids == after.model_ids
    assert standing("toy", now=toy.LAST).held


def test_a_fit_that_other_code_made_is_made_anew(toys: Any) -> None:
    before = serve()
    old = newest()

    def fit(moment: datetime) -> Reshaped:
        made = toy.fit(MADE, toy.PANEL.known_at(moment) - 1)
        return Reshaped(made.line, made.base, 1.0)

    after = serve(kind=Reshaped, fit=fit)
    assert set(after.fits) == set(before.fits)
    assert {one.more for one in after.fits.values()} == {1.0}  # type: ignore[attr-defined]
    assert newest().version == f"{old.version}-1"
    assert selectors.active("toy", FRAME) == newest()


def test_with_nothing_sound_left_the_model_says_it_is_broken(toys: Any) -> None:
    serve(MOMENTS[-1:])
    corrupt(newest(), b"{}")
    assert serve(MOMENTS[-1:]).fits == {}
    stands = standing("toy", now=toy.LAST)
    assert (stands.state, stands.withheld) == (State.BROKEN, True)
    assert "refused" in stands.reason


def test_where_a_fit_cannot_be_made_the_old_champion_serves_until_it_expires(toys: Any) -> None:
    serve(MOMENTS[:1])

    def fail(moment: datetime) -> toy.ToyFit:
        raise ValueError("the target is 1 in all 200 rows")

    got = serve(fit=fail)
    pk = AIModel.objects.get().pk
    in_time = [moment for moment in MOMENTS if moment < MOMENTS[0] + timedelta(days=84)]
    assert got.model_ids == dict.fromkeys(in_time, pk)
    assert "the target is 1" in got.notes[MOMENTS[1]]
    late = serve([MOMENTS[0] + timedelta(days=84)], fit=fail)
    assert late.fits == {}


def test_too_little_history_leaves_the_moment_out_with_its_reason(toys: Any) -> None:
    early = fit_time(toy.SPEC, toy.PANEL.as_of(100))
    got = serve([early])
    assert got.fits == {}
    assert "too few" in got.notes[early]
    assert standing("toy").state is State.MISSING


def test_a_rollback_serves_from_then_on_and_changes_nothing_that_was(toys: Any) -> None:
    before = serve()
    back = services.rollback(name="toy", now=MOMENTS[-1] - timedelta(days=1))
    assert back.serving.fitted_as_of == MOMENTS[-2]
    after = serve()
    assert after.model_ids[MOMENTS[-1]] == before.model_ids[MOMENTS[-2]]
    assert [after.model_ids[m] for m in MOMENTS[:-1]] == [before.model_ids[m] for m in MOMENTS[:-1]]
    refit = [*MOMENTS, MOMENTS[-1] + timedelta(days=28)]
    assert serve(refit).model_ids[refit[-1]] == before.model_ids[MOMENTS[-2]]
    stands = standing("toy", now=toy.LAST)
    assert (stands.version, stands.held) == (back.serving.version, True)


def test_a_rollback_goes_to_the_version_that_is_named(toys: Any) -> None:
    serve()
    oldest = AIModel.objects.order_by("fitted_as_of")[0]
    assert services.rollback(name="toy", to=oldest.version, now=toy.LAST).serving == oldest
    active = selectors.active("toy", FRAME)
    assert active == oldest
    assert AIModel.objects.filter(is_active=True).count() == 1


def test_a_rollback_to_nothing_says_what_there_is(toys: Any) -> None:
    with pytest.raises(services.RollbackError, match="no version that serves"):
        services.rollback(name="toy", now=toy.LAST)
    serve(MOMENTS[-1:])
    with pytest.raises(services.RollbackError, match="other versions: none"):
        services.rollback(name="toy", now=toy.LAST)
    with pytest.raises(services.RollbackError, match=r"1\.19990101"):
        services.rollback(name="toy", to="1.19990101", now=toy.LAST)
    with pytest.raises(selectors.Unknown, match="there are: toy"):
        services.rollback(name="ghost", now=toy.LAST)


def test_no_moment_is_served_by_a_fit_that_knew_what_came_after(toys: Any) -> None:
    serve()
    latest = newest()
    services.rollback(name="toy", to=AIModel.objects.order_by("fitted_as_of")[0].version, now=MOMENTS[0])
    services.rollback(name="toy", to=latest.version, now=MOMENTS[0])
    for moment, pk in serve().model_ids.items():
        assert AIModel.objects.get(pk=pk).fitted_as_of <= moment


def test_a_model_past_its_expiry_says_so_and_its_confidence_is_withheld(toys: Any) -> None:
    serve()
    row = newest()
    assert row.expires_at is not None
    fresh = standing("toy", now=row.expires_at - timedelta(seconds=1))
    assert (fresh.state, fresh.withheld) == (State.UNPROVEN, False)
    late = standing("toy", now=row.expires_at)
    assert (late.state, late.withheld) == (State.EXPIRED, True)
    assert "expired on" in late.reason


def test_reading_how_models_stand_costs_the_same_for_one_or_many(
    toys: Any, django_assert_num_queries: Any
) -> None:
    serve()
    with django_assert_num_queries(3):
        selectors.standings()
    with django_assert_num_queries(5):
        selectors.cards(now=toy.LAST)


def test_serving_costs_the_same_queries_for_few_and_many_stored_moments(
    toys: Any, django_assert_num_queries: Any
) -> None:
    serve()
    with django_assert_num_queries(5) as few:
        serve(MOMENTS[-1:])
    with django_assert_num_queries(len(few)):
        serve()
