from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assets.models import DataImport, ImportKind, ImportStatus
from macro.models import MetricsSnapshot

pytestmark = pytest.mark.django_db

GOOD = "date,fear_greed_index,SPX,hash_rate\n2024-01-01,65,4770.5,5e8\n2024-01-02,71,,5.1e8\n"


@pytest.fixture(autouse=True)
def _rejects_apart(tmp_path: Path, settings: object) -> None:
    settings.VAR = tmp_path / "var"  # type: ignore[attr-defined]


def write(folder: Path, text: str, name: str = "macro.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, **options: object) -> tuple[int, str]:
    """Exit code, and what was said."""
    out = io.StringIO()
    try:
        call_command("import_series", str(path), stdout=out, **options)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_series_land_in_the_snapshots_of_their_days(tmp_path: Path) -> None:
    code, said = run(write(tmp_path / "in", GOOD))
    assert code == 0
    assert "macro.csv" in said
    first, second = MetricsSnapshot.objects.order_by("snapshot_time")
    assert (first.fear_greed_index, first.sp500, second.sp500) == (65.0, 4770.5, None)
    assert second.extended_metrics == {"hash_rate": 5.1e8}
    assert first.sources["sp500"] == "macro.csv"


def test_a_second_run_changes_nothing_and_each_run_is_on_record(tmp_path: Path) -> None:
    path = write(tmp_path / "in", GOOD)
    run(path)
    code, _ = run(path)
    assert code == 0
    assert MetricsSnapshot.objects.count() == 2
    again = DataImport.objects.order_by("-pk")[0]
    assert (again.kind, again.status) == (ImportKind.SERIES, ImportStatus.COMPLETED)
    assert (again.rows_read, again.rows_stored, again.rows_unchanged, again.rows_rejected) == (2, 0, 2, 0)
    assert again.parameters["series"] == ["fear_greed_index", "hash_rate", "sp500"]


def test_bad_values_go_to_the_rejects_and_the_good_ones_land(tmp_path: Path) -> None:
    text = "date,fear_greed_index,gold\n2024-01-01,650,2060\n2024-01-02,71,many\nsoon,50,2000\n"
    target = tmp_path / "refused.csv"
    code, said = run(write(tmp_path / "in", text), rejects=target)
    assert code == 3
    assert "3 values were rejected" in said
    lines = target.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1:3] for line in lines[1:]] == [["2", "value"], ["3", "number"], ["4", "time"]]
    first, second = MetricsSnapshot.objects.order_by("snapshot_time")
    assert (first.fear_greed_index, first.gold) == (None, 2060.0)
    assert (second.fear_greed_index, second.gold) == (71.0, None)


@pytest.mark.parametrize("text", ["", "date,fear_greed_index\n", "when,what\nnow,then\n"])
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    code, said = run(write(tmp_path / "in", text))
    assert code == 1
    assert "macro.csv" in said
    assert not MetricsSnapshot.objects.exists()
    assert DataImport.objects.get().status == ImportStatus.FAILED


def test_nothing_at_that_path_is_said_so(tmp_path: Path) -> None:
    code, said = run(tmp_path / "nowhere.csv")
    assert code == 1
    assert "no such file" in said


def test_one_bad_file_does_not_stop_the_others_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "in", "", "a.csv")
    write(tmp_path / "in", GOOD, "b.csv")
    code, said = run(tmp_path / "in")
    assert code == 3
    assert "a.csv" in said
    assert MetricsSnapshot.objects.count() == 2


def test_real_series_are_not_mixed_with_a_simulated_market(tmp_path: Path) -> None:
    DataImport.objects.create(kind=ImportKind.SIMULATION, source="simulated")
    code, said = run(write(tmp_path / "in", GOOD))
    assert code == 1
    assert "simulated market" in said
    assert not MetricsSnapshot.objects.exists()
