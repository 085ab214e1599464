# SPDX-License-Identifier: Apache-2.0
"""aiosmtpd in the test's own event loop: a server that is nobody's idea of our client."""

import asyncio
import ssl
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from .scripted import Kept

USER, PASSWORD = "clarion", "pass wörd"


class Keeper:
    """Keeps what it is given; refuses recipients that begin with ``no-``."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.options: list[list[str]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.startswith("no-"):
            return "550 5.1.1 nobody here by that name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.kept.append(Kept(envelope.mail_from.strip("<>"), list(envelope.rcpt_tos), envelope.content))
        self.options.append(list(envelope.mail_options))
        return "250 2.0.0 kept"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


class RealServer:
    def __init__(self, **options: Any) -> None:
        self.keeper = Keeper()
        self.options = options
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, implicit_tls: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self.keeper, hostname="real.test", loop=loop, **self.options),
            "127.0.0.1",
            0,
            ssl=implicit_tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
