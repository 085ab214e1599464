# SPDX-License-Identifier: Apache-2.0
"""The process that `memory` measures: a worker as `clarion worker` builds it, with a provider that takes everything.

Prints a line of JSON at each tenth of the audience and one at the end. Nothing but its own figures is kept.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clarion.channels.base import Capabilities, Source
from clarion.domain.outlets import Terms
from clarion.observability import set_up_logging
from clarion.settings import Account, load
from clarion.store import triggers
from clarion.store.access import Workspace
from clarion.wiring.house import House, open_house
from clarion.wiring.providers import Built
from clarion.wiring.working import build_worker

from . import crowd as crowds
from .crowd import Crowd


def resident_mb(name: str) -> float:
    """VmRSS (now) or VmHWM (the most there ever was) of this process."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {name}")


class NullProvider:
    """Takes every message at once."""

    name = "null"
    capabilities = Capabilities(channel="email", connections=10)

    def __init__(self, sent: Callable[[], None]) -> None:
        self._sent = sent

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`."""
        while (handover := source.take()) is not None:
            if not handover.begin():
                handover.untouched()
                continue
            self._sent()
            handover.sent("accepted")
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Nothing is open."""


class _Progress:
    """Counts, prints, and stops the worker when everything that was asked for is done."""

    def __init__(self, house: House, plan: dict[str, Any], idle_mb: float) -> None:
        self._house = house
        self._plan = plan
        self._idle_mb = idle_mb
        self._step = max(1, plan["people"] // 10)
        self._printed = 0
        self._loop = asyncio.get_running_loop()
        self._started = time.monotonic()
        self._resolved_seconds = 0.0
        self.stopping = asyncio.Event()
        self.trigger_id = 0
        self.resolved = 0
        self.sent = 0

    def one_sent(self) -> None:
        self.sent += 1
        self._stop_if_done()

    def passed(self, failpoint: str) -> None:
        """Called at each named place of the pipeline: here, after each range that is in the ledger."""
        if failpoint != "resolve.after_commit":
            return
        trigger = self._house.store.read(lambda tx: triggers.get(tx, self.trigger_id))
        self.resolved = trigger.audience if trigger else 0
        if self.resolved >= self._plan["people"]:
            self._resolved_seconds = time.monotonic() - self._started
        if self.resolved // self._step > self._printed:
            self._printed = self.resolved // self._step
            self.say()
        self._loop.call_soon_threadsafe(self._stop_if_done)

    def _stop_if_done(self) -> None:
        if self.resolved >= self._plan["people"] and self.sent >= self._plan["sent"]:
            self.stopping.set()

    def say(self) -> None:
        step = {
            "resolved": self.resolved,
            "sent": self.sent,
            "peak_mb": round(resident_mb("VmHWM"), 1),
            "now_mb": round(resident_mb("VmRSS"), 1),
            "idle_mb": round(self._idle_mb, 1),
            "seconds": round(time.monotonic() - self._started, 1),
            "resolved_seconds": round(self._resolved_seconds, 1),
        }
        print(json.dumps(step), flush=True)


async def _main(plan: dict[str, Any]) -> None:
    settings = load(None, {}, {"database.url": plan["url"], "data.dir": plan["data"]})
    set_up_logging("warning", "text")
    house = open_house(settings, "http://127.0.0.1:8025")
    try:
        progress = _Progress(house, plan, resident_mb("VmRSS"))
        account = Account("email", "null", "null", Terms())
        worker = build_worker(house, (Built(account, NullProvider(progress.one_sent)),), progress.passed)
        crowd = Crowd(
            plan["people"],
            Workspace(plan["workspace_id"], "crowd", "id_email"),
            plan["broadcast_id"],
            plan["half"],
            plan["quiet"],
        )
        progress.trigger_id = crowds.fire(house.store, crowd, crowds.everybody(crowd), house.jobs.submit_resolve)
        await worker.run(progress.stopping)
        progress.say()
    finally:
        house.store.close()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
