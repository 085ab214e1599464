# SPDX-License-Identifier: Apache-2.0
"""A signed-in connection at work: one message after another, driven by the server's answers, without any waiting.

Where the server offers PIPELINING, the end of one message and the whole envelope of the next go out in one write
(RFC 2920 §3.1), so that a message costs one round trip; else step by step. At any time at most one message has begun
and lacks its answer, so a lost connection leaves at most one in doubt; one whose envelope alone went out never is.
"""

from collections import deque
from typing import Protocol

from clarion.channels.smtp_letter import COPY, DATA, DOT, LONE_DOT, MAIL, OUT_OF_SEQUENCE, RCPT, RSET, Letter, verdict
from clarion.channels.smtp_queue import Delivery, Taken
from clarion.channels.smtp_settings import SmtpSettings
from clarion.channels.smtp_sign_in import LEAVE_ALONE_SECONDS, LoginRefused, Offers
from clarion.channels.smtp_wire import Lost, Reply, Wire
from clarion.channels.words import printable
from clarion.domain.errors import SendError, Temporary, Throttled, Unknown

PIECE = 65_536  # bytes of a body in one write


class Post(Protocol):
    """Where a session gets its messages and reports to."""

    def next(self) -> Taken | None:
        """The next message, if any."""
        ...

    def give_back(self, taken: Taken) -> None:
        """Nothing was learnt about this message: send it over another connection."""
        ...

    def idle(self, session: "Session") -> None:
        """It has nothing to do, and could."""
        ...

    def leave(self, session: "Session") -> None:
        """It is to be ended politely: it must not be used for another message."""
        ...

    def gone(self, session: "Session") -> None:
        """Its connection is of no further use and dropped."""
        ...

    def login_refused(self, words: str) -> None:
        """The server will not have us, said late."""
        ...


class Session:
    """One connection after EHLO and login."""

    def __init__(self, settings: SmtpSettings, wire: Wire, offers: Offers, post: Post) -> None:
        self.wire = wire
        self.answered = 0  # messages that the server took or refused
        self.idle_since = 0.0  # the event loop's clock
        self._post = post
        self._offers = offers
        self._most = min(settings.max_messages_per_connection, offers.messages or settings.max_messages_per_connection)
        self._most_refusals = settings.max_refusals_per_connection
        self._most_returns = settings.connections + 1
        self._bounce_address = settings.bounce_address
        self._messages = 0  # transactions begun
        self._refusals = 0
        self._expected: deque[str] = deque()  # the verbs whose replies are still to come, in order
        self._begun: Letter | None = None  # its body has gone out
        self._announced: Letter | None = None  # its envelope has, or a part of it
        self._poured = 0  # bytes of a long body that are out, while it has not begun
        self._transaction_open = False  # RSET has to go before the next MAIL
        self._kept = False  # it has been without work
        self._over = False
        wire.listener = self

    @property
    def usable(self) -> bool:
        """Whether it may serve another message."""
        return (
            self._messages < self._most and self._refusals < self._most_refusals and not self._over and self.wire.sound
        )

    def free(self) -> None:
        """Between two messages: take the next, or rest, or leave. Only while nothing is expected."""
        if not self.usable or not self.wire.alive:
            self._over = True
            self._post.leave(self)
            return
        letter = self._take()
        if letter is None:
            self._kept = True
            self._post.idle(self)
            return
        self._announced = letter
        self.wire.send(*self._group(letter))

    def forget(self, delivery: Delivery) -> None:
        """Hand nothing of it over any more; drop the connection if that is what it takes."""
        if self._over:
            return
        if self._begun is not None:
            if self._begun.taken.delivery is delivery:
                self._drop(Lost("stopped before the answer came"))
        elif self._announced is not None and self._announced.taken.delivery is delivery:
            self._drop(Lost("stopped"))
        # An envelope behind another delivery's body is found out when its turn comes.

    # See `Listener`

    def heard(self, reply: Reply) -> None:
        """The next reply."""
        expected = self._expected
        verb = expected.popleft()
        letter = self._announced
        if verb is DOT:
            self._settled(reply)
        elif verb is LONE_DOT:
            if reply.code == 421 or reply.kind == 3:
                self._drop(Lost(reply.words, farewell=reply))
        elif letter is not None:
            if reply.kind == (3 if verb is DATA else 2):
                letter.heard = True
                if verb is DATA:
                    letter.data_open = True
                elif verb is COPY:
                    letter.copies.pop(0)
                elif verb is RSET:
                    self._transaction_open = False
            else:
                self._unhoped(letter, verb, reply)
        if not expected and not self._over:
            self._go_on()

    def lost(self, lost: Lost) -> None:
        """The connection is gone: give both messages their ends."""
        if self._over:
            return
        self._over = True
        begun, letter = self._begun, self._announced
        self._begun = self._announced = None
        self._expected.clear()
        if begun is not None:
            begun.taken.failed(Unknown(lost.words))
        if letter is not None:
            self._lost_before_begin(letter, lost, behind=begun is not None)
        self._post.gone(self)

    def writable(self) -> None:
        """Go on with a long body."""
        if self._poured and self._announced is not None:
            self._pour(self._announced)

    # The envelope

    def _take(self) -> Letter | None:
        """The next message that this server can take; those that it cannot are ended here."""
        while True:
            taken = self._post.next()
            if taken is None:
                return None
            try:
                letter = Letter(taken, self._offers, bounce_address=self._bounce_address, reset=self._transaction_open)
            except SendError as error:
                taken.failed(error)
                continue
            self._messages += 1
            return letter

    def _group(self, letter: Letter) -> tuple[bytes, int]:
        """The next bytes of its envelope, and how many replies they ask for."""
        verbs, data = letter.groups[letter.group]
        letter.group += 1
        self._expected += verbs
        return data, len(verbs)

    def _unhoped(self, letter: Letter, verb: str, reply: Reply) -> None:
        """A reply to the envelope that is not the hoped-for one."""
        if reply.code == 421:
            self._drop(Lost(reply.words, farewell=reply))
            return
        letter.heard = True
        if verb is COPY:
            letter.refused_copies.append(printable(f"copy refused: {letter.copies.pop(0)}: {reply.words}"))
        elif letter.refusal is None:
            letter.refusal = (verb, reply)

    def _go_on(self) -> None:
        """All that was asked is answered."""
        letter = self._announced
        if letter is None:
            self.free()
        elif letter.refusal is not None:
            self._back_out(letter, *letter.refusal)
        elif not self.wire.sound:
            return  # found out with the last answer; `lost` is about to be called
        elif letter.group < len(letter.groups):
            self.wire.send(*self._group(letter))
        elif len(letter.body) > PIECE:
            self._poured = 0
            self._expected.append(DOT)
            self.wire.send(b"", 1)
            self._pour(letter)
        else:
            self._hand_over(letter, letter.body, answers=1)

    def _back_out(self, letter: Letter, verb: str, reply: Reply) -> None:
        """Leave the transaction so that the next message finds a clean one, if that can be done."""
        self._refusals += 1
        self._announced = None
        if verb is RSET:  # it says nothing about the message behind it
            self._give_back(letter, verdict(verb, reply))
            self._drop(Lost(reply.words))
            return
        error = verdict(verb, reply)
        orderly = reply.kind in (4, 5) and reply.code != OUT_OF_SEQUENCE and not (letter.data_open and verb is not RCPT)
        orderly = orderly and not isinstance(error, LoginRefused)
        self.answered += orderly
        letter.taken.failed(error)
        if isinstance(error, LoginRefused):
            self._post.login_refused(error.words)
        if not orderly or not self.wire.sound:
            self._drop(Lost(reply.words))
        elif letter.data_open:  # RFC 2920 §3.1: DATA was opened for nobody; a lone dot ends it
            self._transaction_open = False
            self._expected.append(LONE_DOT)
            self._write(b".\r\n", 1)
        else:
            self._transaction_open = self._transaction_open or verb is not MAIL
            self.free()

    # The body

    def _pour(self, letter: Letter) -> None:
        """Write a long body in pieces, as fast as the peer takes them; it begins with the last one."""
        while len(letter.body) - self._poured > PIECE:
            self.wire.send(letter.body[self._poured : self._poured + PIECE], 0)
            self.wire.flush()
            self._poured += PIECE
            if self.wire.paused:
                return
        rest = letter.body[self._poured :]
        self._poured = 0
        self._hand_over(letter, rest, answers=0)

    def _hand_over(self, letter: Letter, rest: bytes, *, answers: int) -> None:
        """Begin: write the rest of the body and the dot, with the next envelope where that is allowed."""
        self._announced = None
        self._transaction_open = False
        # Composing the next one is done before this one begins: afterwards it would be longer in doubt.
        behind = self._take() if self._offers.pipelining and self.usable else None
        if not letter.taken.begin():
            letter.taken.untouched()
            self._announced = behind
            self._drop(Lost("stopped"))
            return
        self._begun = letter
        if answers:
            self._expected.append(DOT)
        if behind is None:
            self.wire.send(rest + b".\r\n", answers)
            return
        self._announced = behind
        data, more = self._group(behind)
        self.wire.send(b"%b.\r\n%b" % (rest, data), answers + more)

    def _write(self, dot: bytes, answers: int) -> None:
        """Write a dot that ends a message, with the next envelope where that is allowed."""
        behind = self._take() if self._offers.pipelining and self.usable else None
        if behind is None:
            self.wire.send(dot, answers)
            return
        self._announced = behind
        data, more = self._group(behind)
        self.wire.send(dot + data, answers + more)

    def _settled(self, reply: Reply) -> None:
        """The answer to the dot: the end of the message that had begun."""
        letter, self._begun = self._begun, None
        if letter is None:
            self._cut_short(reply)
            return
        kind = reply.kind
        if kind == 2:
            self.answered += 1
            if letter.refused_copies:
                self._refusals += len(letter.refused_copies)
                letter.taken.sent(printable("; ".join((reply.words, *letter.refused_copies))))
            else:
                letter.taken.sent(reply.words)
            return
        self._refusals += 1
        if kind == 3:
            letter.taken.failed(Unknown(printable(f"unexpected answer to {DOT}: {reply.words}")))
        else:
            self.answered += reply.code != 421
            letter.taken.failed(verdict(DOT, reply))
        if kind == 3 or reply.code == 421:
            self._drop(Lost(reply.words, farewell=reply if kind == 4 else None))

    def _cut_short(self, reply: Reply) -> None:
        """An answer in the middle of a long body: too large, or going down. The server will not hear the rest."""
        letter, self._announced, self._poured = self._announced, None, 0
        if letter is not None:
            error = Temporary(printable(f"answered too early: {reply.words}")) if reply.kind < 4 else None
            letter.taken.failed(error or verdict(DOT, reply))
        self._drop(Lost(reply.words))

    # The end

    def _drop(self, lost: Lost) -> None:
        self.wire.abort()
        self.lost(lost)

    def _lost_before_begin(self, letter: Letter, lost: Lost, *, behind: bool) -> None:
        """The end of a message whose envelope had gone out, or a part of it, when the connection was lost."""
        if letter.refusal is not None:
            letter.taken.failed(verdict(*letter.refusal))
            return
        throttled = lost.farewell is not None
        error = Throttled(lost.words, LEAVE_ALONE_SECONDS) if throttled else Temporary(lost.words)
        # A connection that is not new may just have been given up by the other side.
        blameless = behind or (not letter.heard and (self._kept or self._messages > 1) and not lost.timed_out)
        if blameless:
            self._give_back(letter, error)
        else:
            letter.taken.failed(error)

    def _give_back(self, letter: Letter, error: SendError) -> None:
        """For another connection; not for ever, should it be this message that ends them."""
        if letter.taken.returns < self._most_returns:
            self._post.give_back(letter.taken)
        else:
            letter.taken.failed(error)
