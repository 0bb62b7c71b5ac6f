"""A browser and a server for the tests that look at the pages as people see them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from tests import site

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PAGES = (
    "/", "/macro/", "/sectors/", "/sectors/defi/", "/selection/watchlist/", "/coins/{btc}/", "/coins/{doge}/",
    "/trading/signals/", "/trading/signals/{signal}/", "/trading/signals/{plan}/execute/",
    "/trading/portfolio/", "/trading/performance/?span=all", "/trading/risk-profile/", "/record/",
    "/record/?layer=predictions",
    "/record/?layer=selection", "/record/?layer=macro", "/models/", "/models/timing_long/",
    "/accounts/profile/", "/accounts/tokens/",
    "/accounts/sessions/",
    "/selection/suggestions/", "/accounts/notifications/", "/accounts/notifications/settings/",
)  # fmt: skip
SERIOUS = ("serious", "critical")


@dataclass
class House:
    """A running system with data, and a browser to look at it."""

    site: site.Site
    base: str
    browser: Browser

    @contextmanager
    def visitor(
        self, role: str = "", language: str = "en", theme: str = "light", size: Any = None
    ) -> Iterator[Page]:
        """A page of someone who is logged in (or nobody), in a browser that complains aloud."""
        context = self.browser.new_context(
            base_url=self.base, color_scheme=theme, viewport=size or DESKTOP, reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)
        context.add_cookies([{"name": "django_language", "value": language, "url": self.base}])
        if role:
            self.log_in(context, role)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: _hear(page, said))
        page.on("pageerror", lambda error: page.complaints.append(f"error: {error}"))
        page.on("requestfailed", lambda request: _missed(page, request))
        page.on("response", lambda answer: _answered(page, answer))
        yield page
        context.close()

    def log_in(self, context: BrowserContext, role: str) -> None:
        client = Client()
        client.force_login(self.site.people[role])
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.base}])

    def addresses(self) -> list[str]:
        names = {
            "btc": self.site.coins["BTC"].pk,
            "doge": self.site.coins["DOGE"].pk,
            "signal": self.site.signal.pk,
            "plan": self.site.plan.pk,
        }
        return [path.format(**names) for path in PAGES]


def _hear(page: Any, said: Any) -> None:
    if said.type in ("error", "warning"):
        page.complaints.append(f"{said.type}: {said.text}")


def _missed(page: Any, request: Any) -> None:
    if "ERR_ABORTED" not in str(request.failure):  # what a page asked for as one left it
        page.complaints.append(f"failed: {request.url} {request.failure}")


def _answered(page: Any, answer: Any) -> None:
    if answer.status >= 400:
        page.complaints.append(f"{answer.status}: {answer.url}")


@contextmanager
def served() -> Iterator[tuple[str, Callable[[], None]]]:
    """The address, and what waits until it answers: a server that starts leaves time for other things."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    name = connection.settings_dict["NAME"]
    url = re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", settings.EMBEDDED.database_url, count=1)
    command = [
        sys.executable,
        "-m",
        "daphne",
        "-b",
        "127.0.0.1",
        "-p",
        str(port),
        "cryptopredict.asgi:application",
    ]
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield f"http://127.0.0.1:{port}", lambda: _wait(port, server)
    finally:
        server.terminate()
        server.communicate(timeout=20)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _tenth in range(900):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, server.communicate()[1].decode()
        time.sleep(0.1)
    raise AssertionError("the server did not start")


SETTLE = """async () => {
  const charts = [...document.querySelectorAll("[data-chart]")];
  for (let turn = 0; turn < 800; turn += 1) {
    const left = charts.filter((chart) => !["drawn", "empty"].includes(chart.dataset.state));
    if (!left.length) return [];
    left[0].scrollIntoView();
    await new Promise((go) => setTimeout(go, 25));
  }
  return charts.map((chart) => `${chart.dataset.chart}: ${chart.querySelector(".state").textContent}`);
}"""


def settle(page: Page) -> None:
    """Every chart is drawn, or says why not."""
    assert page.evaluate(SETTLE) == []


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


STICKING_OUT = """() => {
  const scrolls = (node) => ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
  const cuts = (node) => getComputedStyle(node).overflowX !== "visible" && node !== document.body;
  const up = (node) => node === document.body ? [] : [node.parentElement, ...up(node.parentElement)];
  const told = (node, by) => {
    const part = node.closest("section, form, details, main")?.querySelector("h1, h2, summary");
    return `${node.localName}.${node.className} in "${part?.textContent.trim() ?? ""}" by ${Math.round(by)}`;
  };
  const found = [];
  for (const details of document.querySelectorAll("details")) details.open = true;
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > window.innerWidth) found.push("the page");
  for (const node of document.body.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1 || !node.checkVisibility({visibilityProperty: true})) continue;
    const over = Math.max(box.right - width, -box.left);
    if (over > 1 && !up(node).some(cuts)) found.push(told(node, over));
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.checkVisibility()) continue;
    if (up(table).some((node) => node !== document.body && scrolls(node))) continue;
    const place = table.parentElement, style = getComputedStyle(place);
    const room = place.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const over = table.getBoundingClientRect().width - room;
    if (over > 1) found.push(told(table, over));
  }
  return found;
}"""


def sticking_out(page: Page) -> list[str]:
    """What is wider than the screen or, of tables, than its place, with everything unfolded; what scrolls in
    a place of its own is not."""
    return [str(one) for one in page.evaluate(STICKING_OUT)]


def faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})"
        for one in found
        if one["impact"] in SERIOUS
    ]
