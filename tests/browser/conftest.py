# SPDX-License-Identifier: Apache-2.0
"""The page in Debian's Chromium, against a running server; what the console complains of fails the test."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from .kit import PHONE, WIDE, Theme

expect.set_options(timeout=15_000)  # other tests run beside these
_HINT = "apt-get install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core"
# Chromium reports each answer like this; what was refused is shown on the page, and tests look at it there.
_REFUSED = re.compile(r"^Failed to load resource: .* status of (400|401|403|409|422|429) ")
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; where there is none the test is skipped, on CI it fails.

    For a module at a time: Playwright keeps a loop running in its thread, in which tests of coroutines cannot run.
    """
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"no Chromium: {_HINT}")
        pytest.skip(_HINT)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@dataclass(frozen=True)
class Server:
    """A running server and what it printed when it was ready."""

    url: str
    facts: dict[str, Any]

    def call(self, method: str, path: str, key: str = "manage_key", body: object = None) -> Any:
        """A call with one of its keys; the Track API's goes with its site id."""
        authorization = f"Bearer {self.facts[key]}"
        if key == "track_key":
            pair = f"{self.facts['site_id']}:{self.facts[key]}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": authorization, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def send(self, path: str, content: bytes, key: str = "manage_key") -> Any:
        """A file."""
        headers = {"Authorization": f"Bearer {self.facts[key]}", "Content-Type": "text/csv"}
        request = urllib.request.Request(self.url + path, data=content, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


def serving(folder: Path, *arguments: str) -> Iterator[Server]:
    """A server of its own in `folder`, until the generator goes on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clarion", "serve", *arguments, "--json", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CLARION_TRIGGER_INTERVAL_SECONDS": "0"},
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the server did not start"
        facts = json.loads(line)
        yield Server(facts["url"], facts)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo: 10,000 people, three segments, an active broadcast."""
    yield from serving(tmp_path_factory.mktemp("browser"), "--demo")


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """An installation that nobody has used yet: no user, no people; mail is captured."""
    yield from serving(tmp_path)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Any]:
    """Opens a new browser window of a width and theme; its complaints are gathered and must be none at the end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage, tolerated: str | None) -> None:
        if message.type not in {"error", "warning"} or _REFUSED.search(message.text):
            return
        if tolerated is None or not re.search(tolerated, message.text):
            complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def make(url: str, *, width: int = WIDE, theme: Theme = "light", tolerated: str | None = None) -> Page:
        context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: note(message, tolerated))
        page.on("pageerror", lambda error: complaints.append(f"pageerror: {error}"))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def page(open_page: Any, server: Server) -> Page:
    """Signed in as the owner of the demo."""
    opened: Page = open_page(server.url)
    enter_demo(opened, server.url)
    return opened


@pytest.fixture
def phone(open_page: Any, server: Server) -> Page:
    """The same on a screen of 320 px, dark."""
    opened: Page = open_page(server.url, width=PHONE, theme="dark")
    enter_demo(opened, server.url)
    return opened


def enter_demo(page: Page, url: str) -> None:
    """Sign its window in as the demo's owner; which page it opens is the test's affair."""
    answer = page.context.request.post(f"{url}/api/clarion/v1/session/demo", data={})
    assert answer.ok, answer.text()
