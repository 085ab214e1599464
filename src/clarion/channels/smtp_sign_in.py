# SPDX-License-Identifier: Apache-2.0
"""From nothing to a connection that takes messages: connect, EHLO, STARTTLS, log in; and what the server offers."""

import asyncio
import base64
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Self

from clarion.channels.smtp_settings import SmtpSettings
from clarion.channels.smtp_syntax import number
from clarion.channels.smtp_wire import Lost, Outflow, Reply, Wire
from clarion.channels.words import printable
from clarion.domain.errors import SendError, Temporary, Throttled

LEAVE_ALONE_SECONDS = 30.0  # after a 421


class LoginRefused(Temporary):
    """The server does not let us in: user name, password or method. For people, not for the message."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server's last EHLO offers (RFC 1870, 2920, 6152, 6531, 9422).

    `size`: the most bytes of a message; 0: it has no fixed limit; None: it does not take the parameter.
    `messages` and `recipients`: the most per connection and per message; None: it does not say.
    """

    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    size: int | None = None
    messages: int | None = None
    recipients: int | None = None

    @classmethod
    def of(cls, extensions: dict[str, str]) -> Self:
        """Read from keyword → parameters, both in capitals."""
        limits = {}
        for parameter in extensions.get("LIMITS", "").split():
            name, _, value = parameter.partition("=")
            if (limit := number(value)) is not None:
                limits[name] = max(1, limit)
        return cls(
            pipelining="PIPELINING" in extensions,
            eight_bit="8BITMIME" in extensions,
            smtputf8="SMTPUTF8" in extensions,
            size=(number(extensions["SIZE"]) or 0) if "SIZE" in extensions else None,
            messages=limits.get("MAILMAX"),
            recipients=limits.get("RCPTMAX"),
        )


async def sign_in(settings: SmtpSettings, tls: ssl.SSLContext | None, outflow: Outflow) -> tuple[Wire, Offers]:
    """Connect and sign in, within `settings.timeout`. Raises SendError, Lost, OSError."""
    talk = _Talk(settings, outflow)
    implicit = settings.security == "tls"
    try:
        async with asyncio.timeout(settings.timeout):
            await asyncio.get_running_loop().create_connection(
                lambda: talk.wire,
                settings.host,
                settings.port,
                ssl=tls if implicit else None,
                server_hostname=settings.host if implicit else None,
                ssl_handshake_timeout=settings.timeout if implicit else None,
            )
            offers = await talk.sign_in(tls)
            if not talk.wire.alive:
                raise talk.wire.why("after signing in")
            return talk.wire, offers
    except BaseException:
        talk.wire.abort()
        raise


class _Talk:
    """Asks one thing after another and waits for each answer."""

    def __init__(self, settings: SmtpSettings, outflow: Outflow) -> None:
        self.wire = Wire(settings.timeout, self, outflow)
        self._settings = settings
        self._extensions: dict[str, str] = {}
        self._replies: deque[Reply] = deque()
        self._lost: Lost | None = None
        self._waiter: asyncio.Future[None] | None = None

    # See `Listener`

    def heard(self, reply: Reply) -> None:
        self._replies.append(reply)
        self._wake()

    def lost(self, lost: Lost) -> None:
        self._lost = lost
        self._wake()

    def writable(self) -> None:
        """What is said while signing in is short."""

    async def sign_in(self, tls: ssl.SSLContext | None) -> Offers:
        greeting = await self._reply("greeting")
        if greeting.kind != 2:
            raise _unwelcome("greeting", greeting)
        await self._greet()
        if tls is not None and self._settings.security == "starttls":
            if "STARTTLS" not in self._extensions:
                raise LoginRefused("the server does not offer STARTTLS, which the settings require")
            reply = await self._ask("STARTTLS")
            if reply.kind != 2:
                raise _unwelcome("STARTTLS", reply)
            await self.wire.start_tls(tls, self._settings.host)
            await self._greet()  # what was said in clear text no longer counts (RFC 3207 §4.2)
        if self._settings.username:
            await self._log_in()
        return Offers.of(self._extensions)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _reply(self, to: str) -> Reply:
        while not self._replies:
            if self._lost is not None:
                raise self.wire.why(to)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._replies.popleft()

    async def _ask(self, line: str, name: str = "") -> Reply:
        self.wire.send(line.encode("ascii") + b"\r\n", 1)
        return await self._reply(name or line.partition(" ")[0])

    async def _greet(self) -> None:
        self._extensions.clear()
        own = socket.gethostname()
        name = self._settings.helo or (own if "." in own and own.isascii() else self.wire.own_address())
        reply = await self._ask(f"EHLO {name}")
        if reply.kind == 5:
            reply = await self._ask(f"HELO {name}")  # RFC 5321 §3.2: a server without extensions
            if reply.kind == 2:
                return
        if reply.kind != 2:
            raise _unwelcome("EHLO", reply)
        for line in reply.lines[1:]:
            text = line.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ")
            keyword, _, parameters = text.partition(" ")
            self._extensions[keyword] = f"{self._extensions.get(keyword, '')} {parameters}".strip()

    async def _log_in(self) -> None:
        """AUTH PLAIN (RFC 4616) or LOGIN. Raises LoginRefused, and others when it is only the weather."""
        user, password = self._settings.username.encode(), self._settings.password.encode()
        methods = self._extensions.get("AUTH", "").split()
        if "PLAIN" in methods:
            reply = await self._ask("AUTH PLAIN " + _base64(b"\0" + user + b"\0" + password), "AUTH")
        elif "LOGIN" in methods:
            reply = await self._ask("AUTH LOGIN")
            for secret in (user, password):
                if reply.code == 334:
                    reply = await self._ask(_base64(secret), "AUTH")
        else:
            offer = " ".join(methods) or "none"
            raise LoginRefused(printable(f"the server offers no AUTH PLAIN or LOGIN (it offers: {offer})"))
        if reply.kind == 5:
            raise LoginRefused(printable(f"authentication failed: {reply.words}"))
        if reply.kind != 2:
            raise _unwelcome("AUTH", reply)


def _unwelcome(verb: str, reply: Reply) -> SendError:
    words = printable(f"{verb}: {reply.words}")
    return Throttled(words, LEAVE_ALONE_SECONDS) if reply.code == 421 else Temporary(words)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
