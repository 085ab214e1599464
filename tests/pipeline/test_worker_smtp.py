# SPDX-License-Identifier: Apache-2.0
"""To a real SMTP server that refuses by address: what the ledger says is what the server has seen."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from tests.support.jobs import driver

from clarion.channels import registry
from clarion.domain.deliveries import key_of
from clarion.store.engine import Store

from .stage import MAIL, SIGN, Stage


class Refusing:
    """Refuses by the beginning of the address, and counts what it was asked and what it kept.

    ``tempfail``: always later; ``once``: later, the first time; ``permfail``: no; ``toolarge``: no, after the
    text was sent; ``busy``: later, after the text was sent, the first time.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.kept: list[tuple[str, bytes]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.asked[address] += 1
        if address.startswith("tempfail") or (address.startswith("once") and self.asked[address] == 1):
            return "451 4.3.0 come back later"
        if address.startswith("permfail"):
            return "550 5.1.1 nobody here by that name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        if address.startswith("toolarge"):
            return "552 5.3.4 too large"
        if address.startswith("busy") and self.asked[address] == 1:
            return "451 4.3.2 busy"
        self.kept.append((address, envelope.content))
        return "250 2.0.0 kept"


@pytest.fixture
async def server() -> AsyncIterator[tuple[Refusing, int]]:
    refusing = Refusing()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(refusing, hostname="real.test", loop=loop), "127.0.0.1", 0)
    yield refusing, listening.sockets[0].getsockname()[1]
    listening.close()


async def test_the_sums_are_what_the_server_has_seen(
    stage: Stage, store: Store, store_url: str, server: tuple[Refusing, int]
) -> None:
    refusing, port = server
    kinds = {"ok": 40, "tempfail": 4, "once": 5, "permfail": 6, "toolarge": 3, "busy": 2}
    for kind, count in kinds.items():
        for n in range(count):
            stage.person(f"{kind}{n}")
    stage.person("silent", unsubscribed=True)
    stage.person("invalid", "not an address")
    jobs = driver(store, store_url)
    provider = registry.build("smtp", {"host": "127.0.0.1", "port": port, "security": "none", "connections": 4})
    trigger_id = stage.trigger(stage.broadcast(MAIL), jobs=jobs)
    try:
        async with stage.working(stage.worker(provider, jobs)):
            await stage.finished(trigger_id)
    finally:
        await provider.close()
    assert stage.sums(trigger_id) == {
        "sent": 40 + 5 + 2,
        "failed gave_up": 4,
        "failed refused": 3,
        "failed invalid_address": 6 + 1,
        "skipped unsubscribed": 1,
    }
    assert refusing.asked.total() == 40 + 4 * 3 + 5 * 2 + 6 + 3 + 2 * 2
    assert len(refusing.kept) == len({address for address, _ in refusing.kept}) == 47
    rows = {int(row["seq"]): row for row in stage.rows(trigger_id)}
    for address, content in refusing.kept:
        message = message_from_bytes(content, policy=policy.default)
        key = key_of(str(message["Message-ID"]).strip("<>").rpartition("@")[0], SIGN.secret)
        assert key is not None
        row = rows[key.seq]
        assert (row["state"], row["recipient"], row["words"]) == (1, address, "250 2.0.0 kept")
        assert message["Subject"] == f"Hello {address.partition('@')[0]}"
    words = Counter(row["words"] for row in rows.values() if row["state"] == 2)
    assert words["451 4.3.0 come back later"] == 4
    assert words["550 5.1.1 nobody here by that name"] == 6
    assert words["552 5.3.4 too large"] == 3
