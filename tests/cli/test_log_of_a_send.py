# SPDX-License-Identifier: Apache-2.0
"""What a worker logs while a mail server refuses people, with their addresses in its answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from tests.support.postgres_cluster import free_port

from clarion.cli.demo_content import TRIGGER_DATA

from .commands import Command
from .conftest import Start
from .test_serve import wait_for

pytestmark = pytest.mark.timeout(120)


class Refusing:
    """Refuses every second recipient, naming them; lets every fifth message fail."""

    def __init__(self) -> None:
        self.refused = self.asked = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.asked += 1
        if self.asked % 2:
            self.refused += 1
            return f"550 5.1.1 <{address}> nobody here by that name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return "250 2.0.0 kept" if self.asked % 5 else f"554 5.6.0 not for {envelope.rcpt_tos[0]}"


@pytest.fixture
def mail_server() -> Iterator[tuple[Refusing, int]]:
    handler = Refusing()
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def test_no_line_names_anybody(start: Start, tmp_path: Path, mail_server: tuple[Refusing, int]) -> None:
    handler, port = mail_server
    place = ("--database-url", f"sqlite:///{tmp_path / 'shared.db'}", "--data-dir", str(tmp_path / "shared"))
    server = start("serve", "--demo", "--no-worker", *place)
    worker = Command(
        tmp_path,
        "worker",
        *place,
        CLARION_LOG_LEVEL="debug",
        CLARION_EMAIL_PROVIDER="smtp",
        CLARION_SMTP_HOST="127.0.0.1",
        CLARION_SMTP_PORT=str(port),
        CLARION_SMTP_SECURITY="none",
    )
    try:
        path = f"/v1/campaigns/{server.facts['broadcast_id']}/triggers"
        body = {"ids": [f"person-{n}" for n in range(1, 41)], "data": TRIGGER_DATA}
        trigger_id = server.call("POST", path, "app_key", body)["id"]
        found = wait_for(server, trigger_id, lambda found: found["state"] == "done")
    finally:
        assert worker.end() == 0
    server.stop()
    assert found["states"]["failed"] >= handler.refused >= 10
    text = repr(worker.lines)
    assert len(worker.lines) >= 3
    assert "@" not in text
    assert "person-" not in text
