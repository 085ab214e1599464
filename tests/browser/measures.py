# SPDX-License-Identifier: Apache-2.0
"""What a page costs whoever opens it: bytes over the wire, shifts of what was shown, time to answer a key."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

_ROUTES = Path(__file__).parents[2] / "web" / "src" / "app" / "routes.ts"
_ENTRY = re.compile(r'\{\s*path: "(?P<path>[^"]+)",(?P<rest>.*?)\},?\n(?=  [{/]|\];)', re.DOTALL)
_OBSERVE = """
window.shifted = 0; window.answered = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.interactionId) window.answered.push(entry.duration);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""


def pages_of_the_navigation() -> list[str]:
    """The paths that the navigation leads to."""
    text = _ROUTES.read_text("utf-8")
    found = [one["path"] for one in _ENTRY.finditer(text) if "nav: {" in one["rest"]]
    return [re.sub(r"/:[^/]+\?", "", path) for path in found]


def observe(page: Page) -> None:
    """From now on each page that is opened notes its shifts and how long it took to answer."""
    page.add_init_script(_OBSERVE)


def shifted(page: Page) -> float:
    """The sum of layout shifts since the page was opened."""
    return float(page.evaluate("window.shifted"))


def answer_times(page: Page) -> list[float]:
    """Milliseconds from each key or click to the next picture, those under 16 left out."""
    return [float(one) for one in page.evaluate("window.answered")]


def wait_until_ready(page: Page) -> None:
    """The heading is there and nothing is loading."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)


class Scale:
    """Weighs what comes over the wire, by kind; nothing comes from the cache."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._kinds: dict[str, str] = {}
        self._bytes: Counter[str] = Counter()
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._began)
        session.on("Network.loadingFinished", self._ended)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _began(self, event: Any) -> None:
        self._kinds[event["requestId"]] = event["type"]

    def _ended(self, event: Any) -> None:
        kind = self._kinds.pop(event["requestId"], None)
        if kind is not None:
            self._bytes[kind] += int(event["encodedDataLength"])

    def weigh(self, path: str) -> Counter[str]:
        """Open `path`; the bytes of each kind until it was ready."""
        self._bytes = Counter()
        self._page.goto(path)
        wait_until_ready(self._page)
        self._page.wait_for_load_state("networkidle")
        return self._bytes
