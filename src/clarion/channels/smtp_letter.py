# SPDX-License-Identifier: Apache-2.0
"""A message as SMTP says it: its commands in the groups they may go out in, its body, and what replies mean for it."""

from functools import lru_cache

from clarion.channels.base import email_of
from clarion.channels.bounce_status import is_nobody
from clarion.channels.smtp_queue import Taken
from clarion.channels.smtp_sign_in import LEAVE_ALONE_SECONDS, LoginRefused, Offers
from clarion.channels.smtp_syntax import is_address, with_dots, with_line_ends
from clarion.channels.smtp_wire import Reply
from clarion.channels.words import printable
from clarion.domain.bounce_addresses import own_bounce_address
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled
from clarion.domain.messages import EmailMessage

RSET, MAIL, RCPT, COPY, DATA = "RSET", "MAIL", "RCPT", "COPY", "DATA"
DOT = "the message"
LONE_DOT = "the lone dot"

# Refusals of MAIL that are about our session, not about the sender (RFC 4954 §6, RFC 5321 §4.2.3).
OUT_OF_SEQUENCE = 503
LOGIN_CODES = frozenset({530, 534, 535, 538})

_ENVELOPE = (MAIL, RCPT, DATA)
_is_sender = lru_cache(maxsize=256)(is_address)  # a broadcast has one or few


def verdict(verb: str, reply: Reply) -> SendError:
    """What a reply that is not the hoped-for one means for the message."""
    if reply.code == 421:
        return Throttled(reply.words, LEAVE_ALONE_SECONDS)
    if reply.kind == 4 or reply.code == OUT_OF_SEQUENCE:
        return Temporary(reply.words)
    if reply.kind != 5:
        return Temporary(printable(f"unexpected answer to {verb}: {reply.words}"))
    if verb == RSET:
        return Temporary(reply.words)
    if verb == MAIL and reply.code in LOGIN_CODES:
        return LoginRefused(printable(f"authentication failed: {reply.words}"))
    if verb == MAIL:
        return Permanent(reply.words, "sender_refused")
    return Permanent(reply.words, "invalid_address" if verb == RCPT and is_nobody(reply.lines[0]) else "refused")


class Letter:
    """One message for one connection, and how far its envelope came.

    `groups` are what may be written without waiting for an answer: the verbs and the bytes of each. Raises
    Permanent when made of something that the server cannot take.
    """

    __slots__ = ("body", "copies", "data_open", "group", "groups", "heard", "refusal", "refused_copies", "taken")

    def __init__(self, taken: Taken, offers: Offers, *, bounce_address: str = "", reset: bool) -> None:
        self.taken = taken
        self.refusal: tuple[str, Reply] | None = None
        self.data_open = False
        self.heard = False  # the server answered something about it
        self.copies: list[str] = []  # those whose answer is still to come
        self.refused_copies: list[str] = []
        self.group = 0  # the next to go out
        message = email_of(taken.handover)
        body = message.content if message.wire_ready else with_line_ends(message.content)
        if bounce_address:
            address = own_bounce_address(bounce_address, message.delivery_id, copies=bool(message.copies))
            message = message._replace(sender=address)
        mail = _mail(message, body, offers)
        self.body = body if message.wire_ready else with_dots(body)
        rcpt = b"RCPT TO:<%b>\r\n" % message.recipient.encode()
        if offers.pipelining and not message.copies:
            self.groups: list[tuple[tuple[str, ...], bytes]] = [(_ENVELOPE, b"%b%bDATA\r\n" % (mail, rcpt))]
        else:
            self.groups = self._apart(message, mail, rcpt, offers)
        if reset and offers.pipelining:
            verbs, line = self.groups[0]
            self.groups[0] = ((RSET, *verbs), b"RSET\r\n" + line)
        elif reset:
            self.groups.insert(0, ((RSET,), b"RSET\r\n"))

    def _apart(
        self, message: EmailMessage, mail: bytes, rcpt: bytes, offers: Offers
    ) -> list[tuple[tuple[str, ...], bytes]]:
        steps = [(MAIL, mail), (RCPT, rcpt)]
        for copy in message.copies:
            if not is_address(copy):
                self.refused_copies.append(printable(f"copy refused: {copy!r}: not an address"))
            elif offers.recipients is not None and len(self.copies) + 1 >= offers.recipients:
                words = f"copy refused: {copy}: the server takes {offers.recipients} recipients"
                self.refused_copies.append(printable(words))
            else:
                self.copies.append(copy)
                steps.append((COPY, b"RCPT TO:<%b>\r\n" % copy.encode()))
        if not offers.pipelining:
            return [((verb,), line) for verb, line in [*steps, (DATA, b"DATA\r\n")]]
        # With copies DATA waits: after a 354 for a copy alone there would be no way out but to hang up.
        return [
            (tuple(verb for verb, _ in steps), b"".join(line for _, line in steps)),
            ((DATA,), b"DATA\r\n"),
        ]


def _mail(message: EmailMessage, body: bytes, offers: Offers) -> bytes:
    """MAIL with the parameters of RFC 1870, 6152, 6531. Raises Permanent: the server cannot take the message."""
    sender, recipient = message.sender, message.recipient
    if sender and not _is_sender(sender):
        raise Permanent(printable(f"not a sender address: {sender!r}"), "sender_refused")
    if not is_address(recipient):
        raise Permanent(printable(f"not an e-mail address: {recipient!r}"), "invalid_address")
    parameters = ""
    if offers.size is not None:
        if 0 < offers.size < len(body):
            words = f"the message has {len(body)} bytes, the server takes {offers.size}"
            raise Permanent(words, "too_large")
        parameters = f" SIZE={len(body)}"
    international = message.needs_smtputf8 or not (sender.isascii() and recipient.isascii())
    if international and not offers.smtputf8:
        raise Permanent("the server does not take non-ASCII addresses (SMTPUTF8)", "smtputf8_unsupported")
    if not body.isascii():
        if not offers.eight_bit:
            raise Permanent("the server takes 7-bit messages only (no 8BITMIME)", "8bitmime_unsupported")
        parameters += " BODY=8BITMIME"
    if international or (message.copies and offers.smtputf8 and not all(map(str.isascii, message.copies))):
        parameters += " SMTPUTF8"
    return f"MAIL FROM:<{sender}>{parameters}\r\n".encode()
