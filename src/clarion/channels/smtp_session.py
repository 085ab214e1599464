# SPDX-License-Identifier: Apache-2.0
"""A signed-in SMTP connection: sign in, hand one message over after another, give each its verdict.

Where the server offers PIPELINING (RFC 2920) the whole envelope goes out in one write; else step by step.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from clarion.channels.smtp_settings import SmtpSettings
from clarion.channels.smtp_syntax import is_address, number, with_dots, with_line_ends
from clarion.channels.smtp_wire import Lost, Reply, Wire, printable
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled, Unknown
from clarion.domain.messages import EmailMessage

LEAVE_ALONE_SECONDS = 30.0  # after a 421
PIECE = 65_536  # bytes of a body in one write
DOT = "the message"
COPY = "copy"

# Refusals of MAIL that are about our session, not about the sender (RFC 4954 §6, RFC 5321 §4.2.3).
OUT_OF_SEQUENCE = 503
LOGIN_CODES = frozenset({530, 534, 535, 538})


class Stale(Temporary):
    """A kept connection turned out to be gone before the server heard of the message; use another."""


class LoginRefused(Temporary):
    """The server does not let us in: user name, password or method. For people, not for the message."""


@dataclass(frozen=True, slots=True)
class _Step:
    verb: str  # RSET, MAIL, RCPT, COPY or DATA
    line: bytes
    address: str = ""


@dataclass(slots=True)
class _Envelope:
    """How far one message's envelope came."""

    refusal: tuple[str, Reply] | None = None
    data_open: bool = False
    broken_off: bool = False  # not every answer was read, or the last one was a farewell
    refused_copies: list[str] = field(default_factory=list)


def verdict(verb: str, reply: Reply) -> SendError:
    """What a reply that is not the hoped-for one means for the message."""
    if reply.code == 421:
        return Throttled(reply.words, LEAVE_ALONE_SECONDS)
    if reply.kind == 4 or reply.code == OUT_OF_SEQUENCE:
        return Temporary(reply.words)
    if reply.kind != 5:
        return Temporary(printable(f"unexpected answer to {verb}: {reply.words}"))
    if verb == "RSET":
        return Temporary(reply.words)
    if verb == "MAIL" and reply.code in LOGIN_CODES:
        return LoginRefused(printable(f"authentication failed: {reply.words}"))
    return Permanent(reply.words, "sender_refused" if verb == "MAIL" else "refused")


class Session:
    """One connection after EHLO and login. Serves one message at a time."""

    def __init__(self, settings: SmtpSettings, wire: Wire) -> None:
        self.settings = settings
        self.wire = wire
        self.extensions: dict[str, str] = {}
        self.messages = 0  # transactions begun
        self.refusals = 0
        self.reused = False
        self.idle_since = 0.0  # the event loop's clock
        self._in_step = True  # both sides agree on where the conversation is
        self._transaction_open = False  # RSET has to go before the next MAIL
        self._heard = False  # the server answered something about the present message

    @classmethod
    async def open(cls, settings: SmtpSettings, tls: ssl.SSLContext | None) -> Self:
        """Connect and sign in, within `settings.timeout`. Raises SendError, Lost, OSError."""
        wire = Wire(settings.timeout)
        implicit = settings.security == "tls"
        try:
            async with asyncio.timeout(settings.timeout):
                await asyncio.get_running_loop().create_connection(
                    lambda: wire,
                    settings.host,
                    settings.port,
                    ssl=tls if implicit else None,
                    server_hostname=settings.host if implicit else None,
                    ssl_handshake_timeout=settings.timeout if implicit else None,
                )
                session = cls(settings, wire)
                await session._sign_in(tls)
                return session
        except BaseException:
            wire.abort()
            raise

    @property
    def usable(self) -> bool:
        """Whether it may serve another message."""
        return (
            self._in_step
            and self.wire.alive
            and self.messages < self._most_messages()
            and self.refusals < self.settings.max_refusals_per_connection
        )

    def end(self) -> None:
        """Close: with QUIT if the server would understand it, else at once."""
        if self._in_step:
            self.wire.retire()
        else:
            self.wire.abort()

    async def deliver(self, message: EmailMessage, handed_over: Callable[[], None]) -> str:
        """Hand one message over; the server's words. Raises SendError; if cancelled, never use it again."""
        steps = self._steps(message)
        body = with_line_ends(message.content)
        steps[0] = self._with_parameters(steps[0], message, body)
        if self._transaction_open:
            steps.insert(0, _Step("RSET", b"RSET\r\n"))
        handed = False

        def hand_over() -> None:
            nonlocal handed
            handed = True
            handed_over()

        self.messages += 1
        self._heard = False
        self._in_step = False  # until an answer that ends the transaction has been read
        try:
            envelope = await self._announce(steps)
            reply = await self._hand_over_body(with_dots(body), hand_over)
        except Lost as lost:
            raise self._loss(lost, handed=handed) from None
        if handed and reply.kind == 2:
            self._in_step = True
            self.refusals += len(envelope.refused_copies)
            return printable("; ".join((reply.words, *envelope.refused_copies)))
        if handed:
            self._in_step = reply.kind in (4, 5) and reply.code != 421
            self.refusals += 1
            if reply.kind == 3:
                raise Unknown(printable(f"unexpected answer to {DOT}: {reply.words}"))
        raise verdict(DOT, reply)

    # Signing in

    async def _sign_in(self, tls: ssl.SSLContext | None) -> None:
        greeting = await self.wire.reply("greeting")
        if greeting.kind != 2:
            raise self._unwelcome("greeting", greeting)
        await self._greet()
        if tls is not None and self.settings.security == "starttls":
            if "STARTTLS" not in self.extensions:
                raise LoginRefused("the server does not offer STARTTLS, which the settings require")
            reply = await self._ask("STARTTLS")
            if reply.kind != 2:
                raise self._unwelcome("STARTTLS", reply)
            await self.wire.start_tls(tls, self.settings.host)
            await self._greet()  # what was said in clear text no longer counts (RFC 3207 §4.2)
        if self.settings.username:
            await self._log_in()

    async def _greet(self) -> None:
        self.extensions.clear()
        own = socket.gethostname()
        name = self.settings.helo or (own if "." in own and own.isascii() else self.wire.own_address())
        reply = await self._ask(f"EHLO {name}")
        if reply.kind == 5:
            reply = await self._ask(f"HELO {name}")  # RFC 5321 §3.2: a server without extensions
            if reply.kind == 2:
                return
        if reply.kind != 2:
            raise self._unwelcome("EHLO", reply)
        for line in reply.lines[1:]:
            text = line.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ")
            keyword, _, parameters = text.partition(" ")
            self.extensions[keyword] = f"{self.extensions.get(keyword, '')} {parameters}".strip()

    async def _log_in(self) -> None:
        """AUTH PLAIN (RFC 4616) or LOGIN. Raises LoginRefused, and others when it is only the weather."""
        user, password = self.settings.username.encode(), self.settings.password.encode()
        methods = self.extensions.get("AUTH", "").split()
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
            raise self._unwelcome("AUTH", reply)

    async def _ask(self, line: str, name: str = "") -> Reply:
        self.wire.expect(1)
        self.wire.write(line.encode("ascii") + b"\r\n")
        return await self.wire.reply(name or line.partition(" ")[0])

    def _unwelcome(self, verb: str, reply: Reply) -> SendError:
        words = printable(f"{verb}: {reply.words}")
        return Throttled(words, LEAVE_ALONE_SECONDS) if reply.code == 421 else Temporary(words)

    def _most_messages(self) -> int:
        """The settings' limit, or the server's own MAILMAX if that is lower (RFC 9422)."""
        most = self.settings.max_messages_per_connection
        for parameter in self.extensions.get("LIMITS", "").split():
            name, _, value = parameter.partition("=")
            if name == "MAILMAX" and (limit := number(value)) is not None:
                most = min(most, max(1, limit))
        return most

    # The envelope

    def _steps(self, message: EmailMessage) -> list[_Step]:
        if message.sender and not is_address(message.sender):
            raise Permanent(printable(f"not a sender address: {message.sender!r}"), "sender_refused")
        if not is_address(message.recipient):
            raise Permanent(printable(f"not an e-mail address: {message.recipient!r}"), "invalid_address")
        return [
            _Step("MAIL", b"MAIL FROM:<%b>" % message.sender.encode()),
            _Step("RCPT", b"RCPT TO:<%b>\r\n" % message.recipient.encode()),
            *(
                _Step(COPY, b"RCPT TO:<%b>\r\n" % copy.encode() if is_address(copy) else b"", copy)
                for copy in message.copies
            ),
            _Step("DATA", b"DATA\r\n"),
        ]

    def _with_parameters(self, mail: _Step, message: EmailMessage, body: bytes) -> _Step:
        """`mail` with the parameters of RFC 1870, 6152, 6531. Raises Permanent: the server cannot take it."""
        line = mail.line
        if (most := self.extensions.get("SIZE")) is not None:
            limit = number(most)
            if limit and len(body) > limit:  # 0: no fixed limit
                words = f"the message has {len(body)} bytes, the server takes {limit}"
                raise Permanent(words, "too_large")
            line += b" SIZE=%d" % len(body)
        international = message.needs_smtputf8 or not (message.sender + message.recipient).isascii()
        if international and "SMTPUTF8" not in self.extensions:
            raise Permanent("the server does not take non-ASCII addresses (SMTPUTF8)", "smtputf8_unsupported")
        if not body.isascii():
            if "8BITMIME" not in self.extensions:
                raise Permanent("the server takes 7-bit messages only (no 8BITMIME)", "8bitmime_unsupported")
            line += b" BODY=8BITMIME"
        if international or ("SMTPUTF8" in self.extensions and not all(map(str.isascii, message.copies))):
            line += b" SMTPUTF8"
        return _Step(mail.verb, line + b"\r\n")

    async def _announce(self, steps: list[_Step]) -> _Envelope:
        """Say who and to whom, up to the server's 354. Raises SendError, Lost."""
        envelope = _Envelope()
        for step in steps:
            if not step.line:
                envelope.refused_copies.append(printable(f"copy refused: {step.address!r}: not an address"))
        steps = [step for step in steps if step.line]
        # With copies DATA waits: after a 354 for a copy alone there would be no way out but to hang up.
        together = "PIPELINING" in self.extensions
        apart = -1 if any(step.verb == COPY for step in steps) else len(steps)
        await self._walk(steps[:apart], envelope, together=together)
        if envelope.refusal is None and steps[apart:]:
            await self._walk(steps[apart:], envelope, together=together)
        if envelope.refusal is not None:
            verb, reply = envelope.refusal
            await self._back_out(envelope, verb, reply)
            raise self._refusal(verb, reply)
        return envelope

    async def _walk(self, steps: list[_Step], envelope: _Envelope, *, together: bool) -> None:
        if together:
            self.wire.expect(len(steps))
            self.wire.write(b"".join(step.line for step in steps))
        for step in steps:
            if not together:
                self.wire.expect(1)
                self.wire.write(step.line)
            try:
                reply = await self.wire.reply(step.verb)
            except Lost:
                if envelope.refusal is None:
                    raise
                envelope.broken_off = True
                return  # the verdict is known
            if reply.code != 421:
                self._heard = True
            if reply.kind == (3 if step.verb == "DATA" else 2):
                envelope.data_open = envelope.data_open or step.verb == "DATA"
                self._transaction_open = self._transaction_open and step.verb != "RSET"
            elif step.verb == COPY and reply.code != 421:
                envelope.refused_copies.append(printable(f"copy refused: {step.address}: {reply.words}"))
            else:
                envelope.refusal = envelope.refusal or (step.verb, reply)
                envelope.broken_off = reply.code == 421
                if not together or envelope.broken_off:
                    return

    async def _back_out(self, envelope: _Envelope, verb: str, reply: Reply) -> None:
        """Leave the transaction so that the next message finds a clean one, if that can be done."""
        self.refusals += 1
        if envelope.broken_off or reply.kind not in (4, 5) or reply.code == OUT_OF_SEQUENCE or verb == "RSET":
            return
        if not envelope.data_open:
            self._in_step = self.wire.alive
            self._transaction_open = self._transaction_open or verb != "MAIL"
        elif verb == "RCPT":  # RFC 2920 §3.1: DATA was opened for nobody; a lone dot ends it
            try:
                self.wire.expect(1)
                self.wire.write(b".\r\n")
                answer = await self.wire.reply("the lone dot")
            except Lost:
                return
            self._in_step, self._transaction_open = self.wire.alive and answer.code != 421, False

    def _refusal(self, verb: str, reply: Reply) -> SendError:
        if self.reused and (verb == "RSET" or (reply.code == 421 and not self._heard)):
            return Stale(reply.words)
        return verdict(verb, reply)

    def _loss(self, lost: Lost, *, handed: bool) -> SendError:
        if handed:
            return Unknown(lost.words)
        if self.reused and not self._heard and not lost.timed_out:
            return Stale(lost.words)
        if lost.farewell is not None:
            return Throttled(lost.words, LEAVE_ALONE_SECONDS)
        return Temporary(lost.words)

    # The body

    async def _hand_over_body(self, body: bytes, hand_over: Callable[[], None]) -> Reply:
        """Send the body and the final dot; the answer, which may come before the end. Raises Lost."""
        self._transaction_open = False
        wire = self.wire
        wire.check()
        wire.expect(1)
        sent = 0
        while len(body) - sent > PIECE:
            wire.write(body[sent : sent + PIECE])
            sent += PIECE
            await wire.drain()
            if wire.answered:  # too large, or going down: it will not hear the rest
                return await wire.reply(DOT)
        wire.check()
        hand_over()
        wire.write(body[sent:] + b".\r\n")
        return await wire.reply(DOT)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
