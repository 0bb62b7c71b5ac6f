"""The embedded PostgreSQL and Redis: shared by leases, mended where nothing can be lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest
from redis import Redis

from cryptopredict import embedded
from cryptopredict.embedded import postgres, redis_server
from cryptopredict.embedded.folders import Layout, StartError, prepare, prepare_sockets
from cryptopredict.embedded.processes import Identity, end_group

ROOT = Path(__file__).resolve().parents[1]
HOLD = """
import sys
from pathlib import Path
from cryptopredict import embedded
with embedded.services(embedded.Layout(Path(sys.argv[1])), durable=False):
    print("up", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    layout = Layout(tmp_path_factory.mktemp("v"))
    yield layout
    embedded.stop_unused(layout)


def other_process(layout: Layout) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(layout.var)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def leave(process: subprocess.Popen[str]) -> None:
    with process:
        process.communicate("\n", timeout=60)
    assert process.returncode == 0


def test_servers_stop_with_the_last_process_that_uses_them_and_keep_the_data(layout: Layout) -> None:
    first = other_process(layout)
    with embedded.services(layout, durable=False):
        with psycopg.connect(layout.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        leave(first)
        assert postgres.running(layout)
        assert redis_server.running(layout)
    assert not postgres.running(layout)
    assert not redis_server.running(layout)
    with embedded.services(layout, durable=False), psycopg.connect(layout.database_url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_a_command_that_is_killed_leaves_servers_that_the_next_one_takes_over(layout: Layout) -> None:
    with other_process(layout) as process:
        process.send_signal(signal.SIGKILL)
    assert postgres.running(layout)
    with embedded.services(layout, durable=False):
        assert postgres.running(layout)
    assert not postgres.running(layout)
    assert not redis_server.running(layout)


def test_a_plain_kill_stops_the_servers_too(layout: Layout) -> None:
    with other_process(layout) as process:
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not postgres.running(layout)


def test_servers_that_were_killed_start_again_though_their_files_lie_about(layout: Layout) -> None:
    with embedded.services(layout, durable=False):
        for pid in (_postmaster(layout), Redis.from_url(layout.redis_url).info()["process_id"]):
            victim = psutil.Process(pid)
            victim.kill()
            psutil.wait_procs([victim], timeout=10)
        assert (layout.data / "postmaster.pid").exists()
        assert embedded.repair(layout)
        assert not embedded.repair(layout)
        with psycopg.connect(layout.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert Redis.from_url(layout.redis_url).ping()


def test_a_stale_pid_file_that_names_a_stranger_does_no_harm(layout: Layout) -> None:
    with embedded.services(layout, durable=False):
        lines = (layout.data / "postmaster.pid").read_text().splitlines()
    stranger = str(os.getpid())
    (layout.data / "postmaster.pid").write_text("\n".join([stranger, *lines[1:]]) + "\n")
    with embedded.services(layout, durable=False):
        assert _postmaster(layout) != os.getpid()


def test_a_setup_killed_half_way_is_done_again(layout: Layout) -> None:
    half = layout.var / "postgres.new"
    half.mkdir(mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    (layout.data / "base" / "1").mkdir(parents=True)  # PostgreSQL's own database only, and no control file
    with embedded.services(layout, durable=False):
        assert postgres.running(layout)
    assert not half.exists()


def test_a_damaged_folder_that_holds_a_database_is_left_alone(layout: Layout) -> None:
    (layout.data / "base" / "16384").mkdir(parents=True)
    with pytest.raises(StartError, match=r"damaged.*Nothing was changed"), embedded.services(layout):
        pass
    assert (layout.data / "base" / "16384").exists()


def test_data_of_another_postgres_are_left_alone(layout: Layout) -> None:
    (layout.data / "global").mkdir(parents=True)
    (layout.data / "global" / "pg_control").touch()
    (layout.data / "PG_VERSION").write_text("16\n")
    with (
        pytest.raises(StartError, match=r"PostgreSQL 16, this is 18.*make up VAR="),
        embedded.services(layout),
    ):
        pass


def test_a_path_too_long_or_too_odd_for_a_socket_moves_the_sockets_not_the_data() -> None:
    for var in (Path("/srv") / ("deep/" * 20), Path("/srv/my market's")):
        layout = Layout(var)
        assert layout.sockets.parent == Path("/tmp")
        assert layout.data == var / "postgres"
    assert Layout(Path("/srv/a")).sockets == Path("/srv/a/run/sockets")
    assert Layout(Path("/srv/" + "a" * 90)).sockets != Layout(Path("/srv/" + "b" * 90)).sockets


def test_a_folder_of_sockets_made_by_someone_else_is_refused(layout: Layout, tmp_path: Path) -> None:
    prepare(layout)
    layout.sockets.symlink_to(tmp_path)
    with pytest.raises(StartError, match="belongs to someone else"):
        prepare_sockets(layout)


def test_a_var_that_cannot_be_made_is_named_with_the_knob(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"file.* can't be written .*make up VAR=path"):
        prepare(Layout(tmp_path / "file"))


def test_a_full_disk_is_said_before_anything_is_written(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10_000_000))
    with pytest.raises(StartError, match="less than 300 MB free"):
        prepare(layout)


def test_the_secret_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    key = embedded.secret_key(tmp_path)
    assert len(key) > 50
    assert embedded.secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_given_servers_are_used_and_none_started(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    with embedded.services(layout):
        assert not layout.data.exists()


@pytest.mark.parametrize("argv", [["manage.py"], ["manage.py", "help"], ["manage.py", "migrate", "--help"]])
def test_commands_that_ask_no_database_start_none(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "services", lambda *given: pytest.fail("started servers"))
    with embedded.for_command(argv):
        pass


def test_a_process_number_used_again_is_not_taken_for_the_old_process() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        identity = Identity.of(process.pid)
        assert identity.alive()
        assert not Identity(process.pid, identity.started - 10).alive()
        assert end_group(Identity(process.pid, identity.started + 10), grace=1.0) == 0
        assert identity.alive()
        assert end_group(identity, grace=5.0) == 1
    assert not identity.alive()


def _postmaster(layout: Layout) -> int:
    for _ in range(50):
        try:
            return int((layout.data / "postmaster.pid").read_text().split()[0])
        except FileNotFoundError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL wrote no pid file")
