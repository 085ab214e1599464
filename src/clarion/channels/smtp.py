# SPDX-License-Identifier: Apache-2.0
"""E-mail through an SMTP server: kept connections shared by all sources, and patience when none can be made."""

import asyncio
from collections.abc import Callable

from clarion.channels.base import Capabilities, Source
from clarion.channels.smtp_patience import MAX_BACK_OFF_SECONDS, Patience
from clarion.channels.smtp_queue import Delivery, Queue, Taken
from clarion.channels.smtp_session import Session
from clarion.channels.smtp_settings import SmtpSettings
from clarion.channels.smtp_sign_in import LoginRefused, Offers, sign_in
from clarion.channels.smtp_wire import FAREWELL_SECONDS, Outflow, Wire
from clarion.channels.words import printable
from clarion.domain.errors import SendError, detail_of

__all__ = ["SmtpProvider", "SmtpSettings"]

MAX_IDLE_SECONDS = 60.0  # a connection left alone for longer may be gone without our having been told
FRUITLESS = 20  # connections in a row that were made and served nobody count like one that could not be made


class SmtpProvider:
    """Sends through one server. Raises SetupError when made with settings that cannot work.

    `health` is None, or what kept the last try to connect or log in from working. `clock` gives seconds;
    by default the event loop's.
    """

    name = "smtp"

    def __init__(self, settings: SmtpSettings, clock: Callable[[], float] | None = None) -> None:
        self.capabilities = Capabilities(channel="email", connections=settings.connections)
        self._settings = settings
        self._tls = settings.tls_context()
        self._clock = clock
        self._patience = Patience(settings.connections)
        self._queue = Queue()
        self._outflow = Outflow()
        self._working: set[Session] = set()
        self._idle: list[Session] = []  # the last one used is taken first, so that the others may age
        self._leaving: set[Wire] = set()  # QUIT is said: they still count for the server
        self._opening: set[asyncio.Task[tuple[Wire, Offers]]] = set()
        self._fruitless = 0
        self._closed = False
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def health(self) -> str | None:
        """What is wrong with the server or our login, as far as is known."""
        return self._patience.words

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`. Refused copies do not fail the message; the words of its end name them."""
        delivery = Delivery(source, asyncio.get_running_loop().create_future())
        self._queue.add(delivery)
        try:
            self._serve()
            self._join_in()
            await delivery.done
        finally:
            if delivery.open or not delivery.dry:
                delivery.over = True
                self._queue.remove(delivery)
                for session in list(self._working):
                    session.forget(delivery)
                if not self._queue:
                    for task in self._opening:  # one that hangs must not be what the next delivery waits for
                        task.cancel()

    async def close(self) -> None:
        """QUIT on every idle connection, then hang up; at most 2 s. Later deliveries are turned away."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        while self._idle:
            self._retire(self._idle.pop())
        self._serve()
        if self._leaving:
            await asyncio.wait([wire.closed for wire in self._leaving], timeout=FAREWELL_SECONDS + 0.1)

    # What sessions ask for and report; see `Post`

    def next(self) -> Taken | None:
        """The next message. When there are more than connections, one connection more is opened, if it can be had."""
        if self._closed:
            return None
        taken = self._queue.next()
        if taken is not None:
            busy = len(self._working) + len(self._opening)
            if busy < self._settings.connections and self._queue.open() > busy and self._room() > 0:
                self._open()
        return taken

    def give_back(self, taken: Taken) -> None:
        """Send it over another connection."""
        self._queue.give_back(taken)

    def idle(self, session: Session) -> None:
        """Keep it for later."""
        self._working.discard(session)
        if self._closed:
            self._retire(session)
            self._serve()
            return
        session.idle_since = self._now()
        self._idle.append(session)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(MAX_IDLE_SECONDS, self._sweep)

    def leave(self, session: Session) -> None:
        """End it politely, and have another one take its place."""
        self._working.discard(session)
        self._retire(session)
        self._ended(session)

    def gone(self, session: Session) -> None:
        """It was lost."""
        self._working.discard(session)
        if session in self._idle:
            self._idle.remove(session)
            return
        self._ended(session)

    def login_refused(self, words: str) -> None:
        """Trying again soon could lock the account."""
        now = self._now()
        self._patience.failed(now, words, started=now, live=0, at_once=True)

    # Connections

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()

    def _serve(self) -> None:
        """Somebody may be waiting: put idle connections to work, open others, or turn everybody away."""
        if self._closed:
            if not self._working:
                self._queue.turn_away("the provider is closed", MAX_BACK_OFF_SECONDS)
            return
        now = self._now()
        while self._queue and self._idle:
            session = self._idle.pop()
            if session.usable and session.wire.alive and now - session.idle_since < MAX_IDLE_SECONDS:
                self._work(session)
            else:
                self._retire(session)
        if self._working or self._opening or not self._queue.waiting():
            return
        if self._patience.refuses(now):
            self._queue.turn_away(self._patience.words or "", self._patience.retry_after(now))
        elif self._room() > 0:
            self._open()
        # Else those that are leaving have to be gone first.

    def _join_in(self) -> None:
        """One more who waits, while every connection is at work: those may be long over what they have."""
        room = len(self._working) < self._settings.connections and self._room() > 0
        if self._working and not self._opening and room and self._queue.waiting():
            self._open()

    def _sweep(self) -> None:
        """End the connections that nobody needed for long."""
        self._sweeping = None
        oldest = self._now() - MAX_IDLE_SECONDS
        while self._idle and self._idle[0].idle_since <= oldest:
            self._retire(self._idle.pop(0))
        if self._idle:
            wait = self._idle[0].idle_since - oldest
            self._sweeping = asyncio.get_running_loop().call_later(wait, self._sweep)

    def _room(self) -> int:
        live = len(self._working) + len(self._idle)
        occupied = live + len(self._opening) + len(self._leaving)
        return self._patience.room(self._now(), live=live, occupied=occupied)

    def _work(self, session: Session) -> None:
        self._working.add(session)
        session.free()

    def _retire(self, session: Session) -> None:
        wire = session.wire
        wire.retire()
        if not wire.closed.done():
            self._leaving.add(wire)
            wire.closed.add_done_callback(lambda _: self._left(wire))

    def _left(self, wire: Wire) -> None:
        self._leaving.discard(wire)
        self._serve()

    def _ended(self, session: Session) -> None:
        """A connection that worked is no more."""
        if session.answered:
            self._fruitless = 0
        else:
            self._fruitless += 1
            if self._fruitless >= FRUITLESS and not self._working and not self._idle:
                now = self._now()
                words = "the server makes connections and serves nobody"
                self._patience.failed(now, words, started=now, live=0)
        self._serve()

    def _open(self) -> None:
        started = self._now()
        task = asyncio.get_running_loop().create_task(sign_in(self._settings, self._tls, self._outflow))
        self._opening.add(task)
        task.add_done_callback(lambda task: self._opened(task, started))

    def _opened(self, task: "asyncio.Task[tuple[Wire, Offers]]", started: float) -> None:
        self._opening.discard(task)
        error = None if task.cancelled() else task.exception()
        live = len(self._working) + len(self._idle)
        if error is not None:
            at_once = isinstance(error, LoginRefused)
            self._patience.failed(self._now(), self._words(error), started=started, live=live, at_once=at_once)
        elif not task.cancelled():
            session = Session(self._settings, *task.result(), self)
            self._patience.succeeded(self._now(), live=live + 1)
            self._work(session)
        self._serve()

    def _words(self, error: BaseException) -> str:
        if isinstance(error, SendError):
            return error.words
        settings = self._settings
        server = f"{settings.host}:{settings.port}"
        if isinstance(error, TimeoutError):
            return f"cannot connect to {server}: no answer within {settings.timeout:g} s"
        return printable(f"cannot connect to {server}: {detail_of(error)}")
