# SPDX-License-Identifier: Apache-2.0
"""The mail server is gone for an hour: the real SMTP provider, a real socket, and a clock that is moved on."""

import asyncio
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from structlog.testing import capture_logs
from tests.support.jobs import driver

from clarion.channels.smtp import SmtpProvider, SmtpSettings
from clarion.channels.smtp_patience import MAX_BACK_OFF_SECONDS
from clarion.domain.triggers import Repeat, TriggerState
from clarion.pipeline.again import ask
from clarion.pipeline.meter import Unmetered
from clarion.pipeline.retry import RetryPolicy
from clarion.store.engine import Store
from clarion.store.jobs import Jobs

from .stage import MAIL, Stage, until
from .test_worker import hasten

pytestmark = pytest.mark.timeout(120)

HOUR, STEP = 3_600.0, 2 * MAX_BACK_OFF_SECONDS
PEOPLE = 120


class Moved:
    """Seconds of the machine, and those that a test has let pass."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.passed


class Watched(Unmetered):
    """How often a provider was found away, and whether it is."""

    def __init__(self) -> None:
        self.away = False
        self.found_away = 0

    def provider_away(self, provider: str, *, away: bool) -> None:
        self.away = away
        self.found_away += away

    def was_found_away_since(self, times: int) -> bool:
        return self.found_away > times


class MailServer:
    """Comes and goes on one port. `full`: takes no more for now. `slow`: seconds for each message."""

    def __init__(self) -> None:
        self.kept: Counter[str] = Counter()
        self.full = False
        self.slow = 0.01
        self.port = 0
        self._listening: asyncio.Server | None = None
        self._open: set[SMTP] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.full:
            return "421 4.3.2 takes no more for now"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.slow)
        self.kept.update(envelope.rcpt_tos)
        return "250 2.0.0 kept"

    def _session(self) -> SMTP:
        session = SMTP(self, hostname="real.test", loop=asyncio.get_running_loop())
        self._open.add(session)
        return session

    async def come(self) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._session, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    def go(self) -> None:
        """No socket listens any more, and between two messages every connection is cut."""
        if self._listening is not None:
            self._listening.close()
        for session in self._open:
            if session.transport is not None:
                session.transport.close()
        self._open.clear()


@pytest.fixture
def jobs(store: Store, store_url: str) -> Jobs:
    return driver(store, store_url)


def settings(server: MailServer) -> SmtpSettings:
    return SmtpSettings(host="127.0.0.1", port=server.port, security="none", connections=2)


async def test_an_hour_without_the_server_costs_nobody_an_attempt(stage: Stage, jobs: Jobs) -> None:
    """Longer than all pauses of the retries together, and than `put_off_hours`: nobody was put off."""
    stage.crowd(PEOPLE)
    server, clock, watched = MailServer(), Moved(), Watched()
    await server.come()
    provider = SmtpProvider(settings(server), clock)
    retry = RetryPolicy((0.1, 0.1), put_off_s=0.1)
    trigger_id = stage.trigger(stage.broadcast(MAIL), jobs=jobs)
    try:
        with capture_logs() as logs:
            async with stage.working(stage.worker(provider, jobs, retry=retry, meter=watched, clock=clock)):
                await until(lambda: server.kept.total() >= 20)
                server.go()
                await until(lambda: watched.away)
                await until(lambda: not stage.select("SELECT no FROM slice WHERE owner IS NOT NULL"))  # all recorded
                before = stage.sent(trigger_id)
                assert 20 <= before < PEOPLE
                while clock.passed < HOUR:
                    found = watched.found_away
                    clock.passed += STEP
                    await until(partial(watched.was_found_away_since, found))
                assert "cannot connect" in (provider.health or "")
                assert (watched.away, stage.get(trigger_id).state) == (True, TriggerState.SENDING)
                assert stage.sent(trigger_id) == before
                await server.come()
                clock.passed += STEP
                await stage.finished(trigger_id)
    finally:
        await provider.close()
        server.go()
    sums = stage.sums(trigger_id)
    doubted = sums.pop("in_doubt no_answer", 0)  # what was on the wire when the cables were cut
    assert doubted <= 2
    assert sums == {"sent": PEOPLE - doubted}
    assert set(server.kept.values()) == {1}
    assert PEOPLE - doubted <= len(server.kept) <= PEOPLE
    attempts = Counter(int(row["attempts"]) for row in stage.rows(trigger_id))
    # Of the two envelopes that were half spoken when the cables were cut nobody knows what was to blame.
    assert attempts[1] >= PEOPLE - 2, "the outage itself cost nobody an attempt"
    assert attempts.keys() <= {1, 2}
    assert not watched.away
    told = Counter(line["event"] for line in logs)
    assert (told["provider.away"], told["provider.back"]) == (1, 1), "said once, however often it was asked"


async def test_what_was_put_off_for_too_long_is_given_up_and_can_be_sent_again(stage: Stage, jobs: Jobs) -> None:
    """The server is there and takes no more, for longer than `put_off_hours`."""
    stage.crowd(12)
    server, clock = MailServer(), Moved()
    server.full = True
    await server.come()
    provider = SmtpProvider(settings(server), clock)
    retry = RetryPolicy((0.1, 0.1), put_off_s=1.0)
    trigger_id = stage.trigger(stage.broadcast(MAIL), jobs=jobs)

    def given_up() -> bool:
        clock.passed += STEP
        hasten(stage)
        return stage.get(trigger_id).state is TriggerState.DONE

    def all_sent() -> bool:
        clock.passed += 1.0
        return stage.sent(trigger_id) == 12

    try:
        async with stage.working(stage.worker(provider, jobs, retry=retry, clock=clock)):
            await until(given_up)
            assert stage.sums(trigger_id) == {"failed gave_up": 12}
            rows = stage.rows(trigger_id)
            assert {int(row["attempts"]) - int(row["state"] == 2) for row in rows} == {0}, "only the last one counted"
            assert all("takes no more for now" in str(row["words"]) for row in rows)
            assert not server.kept
            server.full = False
            again = partial(ask, kind=Repeat.FAILED, reasons=(), by="Ann", may_double=False, submit=lambda _, __: None)
            found = stage.get(trigger_id)
            assert await asyncio.to_thread(stage.store.write, lambda tx: again(tx, found)) == 12
            await until(all_sent)
            await stage.finished(trigger_id)
    finally:
        await provider.close()
        server.go()
    assert stage.sums(trigger_id) == {"sent": 12}
    assert server.kept.total() == len(server.kept) == 12
