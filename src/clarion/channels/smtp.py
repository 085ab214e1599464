# SPDX-License-Identifier: Apache-2.0
"""E-mail through an SMTP server: a pool of kept connections, and patience when none can be made."""

import asyncio
from collections.abc import Callable

from clarion.channels.base import Capabilities
from clarion.channels.smtp_session import LoginRefused, Session, Stale
from clarion.channels.smtp_settings import SmtpSettings
from clarion.channels.smtp_wire import FAREWELL_SECONDS, Lost, printable
from clarion.domain.errors import SendError, Temporary, Throttled, detail_of
from clarion.domain.messages import EmailMessage, Receipt

__all__ = ["SmtpProvider", "SmtpSettings"]

MAX_BACK_OFF_SECONDS = 30.0
MAX_IDLE_SECONDS = 60.0  # a connection left alone for longer may be gone without our having been told


class SmtpProvider:
    """Sends through one server. Raises SetupError when made with settings that cannot work.

    `health` is None, or what kept the last try to connect or log in from working.
    """

    name = "smtp"

    def __init__(self, settings: SmtpSettings) -> None:
        self.capabilities = Capabilities(channel="email", connections=settings.connections)
        self.health: str | None = None
        self._settings = settings
        self._tls = settings.tls_context()
        self._slots = asyncio.Semaphore(settings.connections)
        self._free: list[Session] = []  # the last one used is taken first, so that the others may age
        self._leaving: set[Session] = set()
        self._closed = False
        self._failures = 0
        self._failed_at = 0.0  # the event loop's clock, as are the others
        self._next_try_at = 0.0
        self._probing = False
        self._reached = False  # a connection was made once
        self._first_try = asyncio.Lock()

    async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> Receipt:
        """See `Provider.send`. Refused copies do not fail the message; the receipt names them."""
        async with self._slots:
            while True:  # ends: only a kept connection can be Stale
                session = await self._session()
                try:
                    words = await session.deliver(message, handed_over)
                except Stale:
                    continue
                except LoginRefused as error:
                    self.health = error.words
                    raise
                finally:
                    self._give_back(session)
                return Receipt(words)

    async def close(self) -> None:
        """QUIT on every idle connection, then hang up; at most 2 s. Later sends are Temporary."""
        self._closed = True
        while self._free:
            self._end(self._free.pop())
        if self._leaving:
            closing = [session.wire.closed for session in self._leaving]
            await asyncio.wait(closing, timeout=FAREWELL_SECONDS + 0.1)

    async def _session(self) -> Session:
        now = asyncio.get_running_loop().time()
        while self._free:
            session = self._free.pop()
            if session.usable and now - session.idle_since < MAX_IDLE_SECONDS:
                session.reused = True
                return session
            self._end(session)
        if self._is_new():  # one goes first: a wrong password is tried once, not by all
            async with self._first_try:
                if self._is_new():
                    return await self._connect()
        return await self._connect()

    def _is_new(self) -> bool:
        return not (self._reached or self._failures)

    def _give_back(self, session: Session) -> None:
        if session.usable and not self._closed:
            session.idle_since = asyncio.get_running_loop().time()
            self._free.append(session)
        else:
            self._end(session)

    def _end(self, session: Session) -> None:
        session.end()
        if not session.wire.closed.done():
            self._leaving.add(session)
            session.wire.closed.add_done_callback(lambda _: self._leaving.discard(session))

    async def _connect(self) -> Session:
        """A new connection; one at a time while the server cannot be reached. Raises SendError."""
        now = asyncio.get_running_loop().time()
        if self._closed:
            raise Temporary("the provider is closed")
        if self._failures and (now < self._next_try_at or self._probing):
            after = max(1.0, self._next_try_at - now)
            raise Throttled(printable(f"waiting before the next try to connect: {self.health}"), after)
        probe = self._failures > 0
        self._probing = self._probing or probe
        try:
            session = await Session.open(self._settings, self._tls)
        except (SendError, Lost, OSError, UnicodeError) as error:
            raise self._failure(error, started=now) from None
        finally:
            if probe:
                self._probing = False
        self._failures, self.health, self._reached = 0, None, True
        return session

    def _failure(self, error: Exception, *, started: float) -> SendError:
        """The verdict for the message that wanted the connection, and the back-off for the next."""
        settings = self._settings
        server = f"{settings.host}:{settings.port}"
        if isinstance(error, SendError):
            verdict = error
        elif isinstance(error, Lost) and error.farewell is not None:
            verdict = Throttled(error.words, MAX_BACK_OFF_SECONDS)
        elif isinstance(error, TimeoutError):
            verdict = Temporary(f"cannot connect to {server}: no answer within {settings.timeout:g} s")
        else:
            verdict = Temporary(printable(f"cannot connect to {server}: {detail_of(error)}"))
        self.health = verdict.words
        now = asyncio.get_running_loop().time()
        if isinstance(error, LoginRefused):  # trying again soon could lock the account
            self._failures, self._next_try_at = self._failures + 1, now + MAX_BACK_OFF_SECONDS
        elif not self._failures or started >= self._failed_at:  # those that set out together count once
            wait = min(MAX_BACK_OFF_SECONDS, 2.0 ** min(self._failures, 10))
            self._failures, self._next_try_at = self._failures + 1, now + wait
        self._failed_at = now
        return verdict
