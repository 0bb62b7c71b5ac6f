"""`make up` as a keeper of processes: order, restarts, clean stops, and what a killed one leaves."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cryptopredict.embedded import Layout, StartError
from cryptopredict.embedded.folders import prepare
from cryptopredict.embedded.processes import Identity
from cryptopredict.supervisor import Supervisor, instance
from cryptopredict.supervisor.children import Child

ROOT = Path(__file__).resolve().parents[1]
NOTES = (
    "import os, signal, sys, time; note = lambda word: open('notes', 'a').write(f'{word} {sys.argv[1]}\\n')\n"
)
OBEDIENT = NOTES + "signal.signal(15, lambda *_: (note('end'), sys.exit()))\nnote('start')\ntime.sleep(60)"
STUBBORN = NOTES + "signal.signal(15, signal.SIG_IGN)\nnote('start')\ntime.sleep(60)"
PARENT = NOTES + "note('start')\nos.fork()\ntime.sleep(60)"


class Keeper:
    """A supervisor whose children write notes into a folder; `run` stops it as soon as `until` holds."""

    def __init__(self, folder: Path, **scripts: str) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.records: list[dict[str, Identity]] = []
        self.repairs = 0
        children = [
            Child(name, ("/usr/bin/env", "-C", str(folder), sys.executable, "-c", script, name), grace=0.5)
            for name, script in scripts.items()
        ]
        self.supervisor = Supervisor(
            children,
            logs=folder,
            say=self.said.append,
            record=lambda running: self.records.append(dict(running)),
            repair=self._repair,
        )

    def _repair(self) -> bool:
        self.repairs += 1
        return False

    @property
    def notes(self) -> list[str]:
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, until: Callable[[], bool], stop: Callable[[], None] | None = None) -> None:
        early = sum(not child.late for child in self.supervisor.children)

        async def both() -> None:
            running = asyncio.create_task(
                self.supervisor.run(lambda: len(self.notes) >= early, lambda: self.said.append("ready"))
            )
            limit = time.monotonic() + 30
            while not running.done() and not until() and time.monotonic() < limit:
                await asyncio.sleep(0.05)
            (stop or self.supervisor.stopping.set)()
            await running

        asyncio.run(both())

    def pids(self) -> set[int]:
        return {identity.pid for record in self.records for identity in record.values()}


def test_children_stop_in_the_reverse_order_and_leave_nothing(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, behind=OBEDIENT, front=OBEDIENT)
    keeper.run(until=lambda: keeper.supervisor.ready.is_set())
    assert sorted(keeper.notes[:2]) == ["start behind", "start front"]
    assert keeper.notes[2:] == ["end front", "end behind"]
    assert keeper.records[-1] == {}
    assert not any(psutil.pid_exists(pid) for pid in keeper.pids())


def test_a_late_child_starts_when_the_others_answer(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, tasks=OBEDIENT, pages=OBEDIENT)
    tasks, pages = keeper.supervisor.children
    keeper.supervisor.children = [replace(tasks, late=True), pages]
    keeper.run(until=lambda: len(keeper.notes) == 2)
    assert keeper.notes == ["start pages", "start tasks", "end pages", "end tasks"]


@pytest.fixture
def _hangup_is_heard() -> Iterator[None]:
    """Under nohup this process, and so the supervisor, would let it pass."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangup_is_heard")
def test_a_signal_stops_everything(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, one=OBEDIENT)
    keeper.run(
        until=lambda: keeper.supervisor.ready.is_set(), stop=lambda: os.kill(os.getpid(), signal.SIGHUP)
    )
    assert keeper.notes == ["start one", "end one"]
    assert keeper.said == ["ready", "Stopping (once more to hurry) ..."]


def test_a_child_that_will_not_end_and_its_own_children_are_killed(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, stubborn=STUBBORN, parent=PARENT)
    families: list[psutil.Process] = []

    def both_there() -> bool:
        families[:] = [child for pid in keeper.pids() for child in psutil.Process(pid).children()]
        return keeper.supervisor.ready.is_set() and bool(families)

    keeper.run(until=both_there)
    _, left = psutil.wait_procs(families, timeout=5)
    assert not left
    assert not any(psutil.pid_exists(pid) for pid in keeper.pids())


def test_a_child_that_dies_is_started_again_after_a_pause(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, one=OBEDIENT)

    killed: list[int] = []

    def started_again() -> bool:
        if keeper.supervisor.ready.is_set() and not killed:
            killed.append(keeper.supervisor.running["one"].pid)
            os.kill(killed[0], signal.SIGKILL)
        return len(keeper.notes) >= 2

    keeper.run(until=started_again)
    assert keeper.notes == ["start one", "start one", "end one"]
    assert keeper.said == ["ready", "The one process ended (code -9); starting it again in 1 s."]


def test_a_killed_child_is_started_again_though_its_own_children_live_on(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, parent=PARENT)
    killed: list[int] = []

    def started_again() -> bool:
        running = keeper.supervisor.running.get("parent")
        if (
            keeper.supervisor.ready.is_set()
            and running
            and not killed
            and psutil.Process(running.pid).children()
        ):
            killed.append(running.pid)
            os.kill(running.pid, signal.SIGKILL)
        return len(keeper.notes) >= 2

    keeper.run(until=started_again)
    assert keeper.notes == ["start parent", "start parent"]


def test_a_socket_that_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "web.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(left))
    listen = "import socket, time; socket.socket(socket.AF_UNIX).bind('web.sock')\n"
    keeper = Keeper(tmp_path, web=listen + OBEDIENT)
    keeper.supervisor.children = [replace(keeper.supervisor.children[0], socket=left)]
    keeper.run(until=lambda: keeper.supervisor.ready.is_set())
    assert keeper.notes == ["start web", "end web"]


def test_a_child_that_cannot_start_ends_the_whole_with_its_own_words(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, good=OBEDIENT, bad="raise SystemExit('no such setting')")
    with pytest.raises(
        StartError, match=r"The bad process ended at once \(code 1\).*no such setting.*bad\.log"
    ):
        keeper.run(until=lambda: False)
    assert not any(psutil.pid_exists(pid) for pid in keeper.pids())


def test_one_var_has_one_product_at_a_time(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with (
        instance.claim(layout, "http://127.0.0.1:8000"),
        pytest.raises(instance.AlreadyRunsError, match=r"http://127\.0\.0\.1:8000"),
        instance.claim(layout, "http://127.0.0.1:9000"),
    ):
        pass
    with instance.claim(layout, "http://127.0.0.1:9000"):
        pass


def test_processes_that_a_killed_product_left_are_ended_by_the_next(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    prepare(layout)
    script = (
        "import os, subprocess, sys\nfrom pathlib import Path\n"
        "from cryptopredict.embedded import Layout\n"
        "from cryptopredict.embedded.processes import Identity\n"
        "from cryptopredict.supervisor import instance\n"
        "with instance.claim(Layout(Path(sys.argv[1])), 'http://x') as record:\n"
        "    child = subprocess.Popen(['sh', '-c', 'sleep 61 & sleep 62; true'], "
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)\n"
        "    record.write({'child': Identity.of(child.pid)})\n"
        "    print(child.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    orphan = psutil.Process(int(done.stdout))
    family = [orphan, *orphan.children()]
    assert len(family) > 1
    with instance.claim(layout, "http://x"):
        _, left = psutil.wait_procs(family, timeout=5)
        assert not left


def test_down_asks_the_product_to_stop_and_waits_for_it(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from cryptopredict.embedded import Layout\nfrom cryptopredict.supervisor import instance\n"
        "import signal; signal.signal(15, lambda *_: sys.exit())\n"
        "with instance.claim(Layout(Path(sys.argv[1])), 'http://here'):\n"
        "    print('up', flush=True)\n"
        "    time.sleep(60)\n"
    )
    layout = Layout(tmp_path)
    assert instance.stop_running(layout) is None
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert instance.stop_running(layout) == "http://here"
        assert process.wait(10) == 0
    assert instance.stop_running(layout) is None


def test_a_port_that_is_taken_is_named_with_the_knob() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(
            StartError, match=rf"Port {port} on 127\.0\.0\.1 is taken.*make up PORT={port + 1}"
        ):
            instance.check_port("127.0.0.1", port)
    instance.check_port("127.0.0.1", port)
