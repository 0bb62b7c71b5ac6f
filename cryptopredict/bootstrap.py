"""From an empty database to a dashboard: the steps of `make up` before the servers start.

What was done already is read off the database and the files themselves, never off a flag, so that a run
that was stopped half way goes on where it was.
"""

import hashlib
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.services import create_user
from aimodels.models import TrainingJob
from assets.engine.timeframe import Timeframe
from assets.models import Candle, DataImport, ImportKind, ImportStatus
from assets.services.simulation import stored_simulation
from cryptopredict import kernels
from cryptopredict.embedded import StartError
from cryptopredict.models import PipelineRun, RunStatus
from sectors.models import Sector
from selection.models import Watchlist
from selection.services import ensure_lists

SIMULATED = "simulated"
PREFERRED = (
    Timeframe.DAY,
    Timeframe.HOURS_4,
    Timeframe.HOUR,
    Timeframe.MINUTES_15,
    Timeframe.MINUTES_5,
    Timeframe.MINUTE,
)
FIRST_RUN = timedelta(days=180)  # how far back the first run of the pipeline begins
ADMINISTRATOR = "admin@localhost"
WHEN_SERVERS_RUN = 15  # seconds: what runs in the background leaves the machine to them first


@dataclass(frozen=True)
class Step:
    """One step: what it is called, whether it is still to do, and how; `run` may return a line to print."""

    name: str
    needed: Callable[[], bool]
    run: Callable[[], str | None]


def compiler() -> subprocess.Popen[bytes] | None:
    """Compile the engines' loops in a process of its own while tables are made; None where that was done."""
    if kernels.compiled():
        return None
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "compile_kernels"]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def steps(market: str | None, compiling: subprocess.Popen[bytes] | None = None) -> list[Step]:
    """The steps in order. `market`: the path of a file or folder; "simulated" and None take what there is."""
    source = None if market in (None, SIMULATED) else _existing(market)
    return [
        Step("Tables", _unmigrated, lambda: call_command("migrate", interactive=False, verbosity=0)),
        Step("Static files", _static_changed, _collect_static),
        Step("Market", lambda: _market_missing(source), lambda: _load_market(source)),
        Step("Sectors and watchlists", _unseeded, _seed),
        Step("Engines compiled", lambda: compiling is not None, lambda: _wait(compiling)),
        Step("Pipeline", _pipeline_behind, _run_pipeline),
        Step("Administrator", _no_administrator, _create_administrator),
        Step("Models", _never_judged, _judge_soon),
    ]


def _wait(compiling: subprocess.Popen[bytes] | None) -> str | None:
    """Until the pipeline's loops are compiled; the process goes on with the others by itself."""
    done = compiling is None or compiling.stdout is None or bool(compiling.stdout.readline())
    return None if done else "The first run of the pipeline will take longer."


def _existing(market: str) -> Path:
    path = Path(market).expanduser().resolve()
    if not path.exists():
        raise StartError(f"MARKET={market} is no file or folder. Name one, or MARKET={SIMULATED}")
    return path


def _unmigrated() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _static_fingerprint() -> str:
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in finders.get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _static_changed() -> bool:
    mark = Path(settings.STATIC_ROOT) / "fingerprint"
    return not mark.exists() or mark.read_text() != _static_fingerprint()


def _collect_static() -> None:
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    (Path(settings.STATIC_ROOT) / "fingerprint").write_text(_static_fingerprint())


def _unseeded() -> bool:
    return not (Sector.objects.exists() and Watchlist.objects.exists())


def _seed() -> None:
    call_command("seed_sectors")
    ensure_lists()


def _market_missing(source: Path | None) -> bool:
    """Whether to load: there is no market yet, a simulated one has new bars, or the files are newer."""
    imports = DataImport.objects.filter(status=ImportStatus.COMPLETED)
    simulated = stored_simulation()
    if source is None:
        real = imports.filter(kind__in=[ImportKind.CANDLES, ImportKind.PROVIDER])
        return _bars_to_simulate(simulated) if simulated else not real.exists()
    if simulated:
        raise StartError(
            f"{settings.VAR} holds a simulated market, and real candles are not mixed with it. "
            f"Name another folder for them: make up VAR=var-real MARKET={source}"
        )
    read = imports.filter(kind=ImportKind.CANDLES, source__startswith=str(source))
    last = read.order_by("-started_at").first()
    return last is None or _newest(source) > last.started_at


def _bars_to_simulate(record: DataImport) -> bool:
    if record.status != ImportStatus.COMPLETED:
        return True
    return record.last_time < record.timeframe.last_closed(datetime.now(UTC))


def _newest(source: Path) -> datetime:
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    return max(
        (datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in files), default=datetime.now(UTC)
    )


def _load_market(source: Path | None) -> str | None:
    if source is None:
        call_command("simulate_market")
        return None
    said = None
    try:
        call_command("import_candles", str(source))
    except CommandError as error:
        if not Candle.objects.exists():
            raise
        said = str(error)  # rows were refused, good ones landed: there is something to look at
    call_command("seed_sectors")  # coins that were not met before find their sector
    return said


def _bars_to_run() -> tuple[Timeframe, datetime, datetime] | None:
    """Timeframe, first and last close that the pipeline has still to carry; None when it is up to date."""
    for timeframe in PREFERRED:
        newest = Candle.objects.filter(timeframe=timeframe).order_by("-candle_time").first()
        if newest is None:
            continue
        last = timeframe.close_of(newest.candle_time)
        runs = PipelineRun.objects.filter(timeframe=timeframe, status=RunStatus.COMPLETED)
        done = runs.order_by("-as_of").first()
        if done is not None and done.as_of >= last:
            return None
        first = last - FIRST_RUN if done is None else timeframe.close_of(done.as_of)
        return timeframe, first, last
    return None


def _pipeline_behind() -> bool:
    return _bars_to_run() is not None


def _run_pipeline() -> str | None:
    bars = _bars_to_run()
    if bars is None:
        return None
    timeframe, first, last = bars
    span = ("--from", first.isoformat(), "--to", last.isoformat())
    try:
        call_command("run_pipeline", "--timeframe", str(timeframe), *span)
    except CommandError as error:
        return f"No analyses yet: {error}"  # the pages say so too, and the candles are there to look at
    return None


def _no_administrator() -> bool:
    return not get_user_model().objects.filter(is_superuser=True, is_active=True).exists()


def _create_administrator() -> str:
    password = secrets.token_urlsafe(12)
    create_user(email=ADMINISTRATOR, password=password, role="admin")
    return (
        f"Log in as {ADMINISTRATOR} with {password}\n"
        "    It is shown this once; manage.py changepassword sets another."
    )


def _never_judged() -> bool:
    return Candle.objects.exists() and not TrainingJob.objects.exists()


def _judge_soon() -> str:
    current_app.send_task("aimodels.tasks.train_due", countdown=WHEN_SERVERS_RUN)
    return "They are judged on bars they had not seen, in the background; their page shows it in a minute."
