"""The examples of docs/api.md, run as they stand against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.world import build

TEXT = (Path(__file__).parent.parent / "docs/api.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_the_examples_run(
    live_server: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server's threads end with the test run: none of them may hold on to the database.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    world = build()
    token = world.tokens["casual"]
    client = next(code for code in blocks("python") if "class CryptoPredict" in code)
    names: dict[str, Any] = {"TOKEN": token}
    exec(client.replace("http://127.0.0.1:8000", live_server.url), names)
    assert capsys.readouterr().out.splitlines()[0] == "0.65"
    market = names["market"]
    assert len(market.get("layer4/signals")) == 1
    assert market.get("layer1/market-regime") == market.get("layer1/market-regime")  # by 304 or anew
    with pytest.raises(RuntimeError, match="future"):
        market.get("layer1/market-regime", as_of="2999-01-01")
    market.session.close()
    if shutil.which("curl"):
        _run_the_shell(world, live_server.url, token)


def _run_the_shell(world: Any, address: str, token: str) -> None:
    """Each curl line answers a 2xx; ids of the example are those of this market."""
    examples = next(code for code in blocks("sh") if "# 1 " in code).replace("\\\n", " ")
    first, second = (sector.pk for sector in world.sectors)
    world.items["casual"].delete()
    for line in examples.splitlines():
        if not line.startswith("curl"):
            continue
        line = line.replace("sectors=1,2", f"sectors={first},{second}").replace("2024-03-01", "2024-06-01")
        line = line.replace('"crypto_id": 1', f'"crypto_id": {world.asset.pk}')
        line = line.replace("watchlists/3/", f"watchlists/{world.own['casual'].pk}/")
        environment = {"TOKEN": token, "API": f"{address}/api/v1", "PATH": "/usr/bin:/bin:/usr/local/bin"}
        done = subprocess.run(
            ["sh", "-c", line.replace("curl", "curl -s -o /dev/null -w '%{http_code}'", 1)],
            env=environment, capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        assert done.stdout in ("200", "201"), line
