# SPDX-License-Identifier: Apache-2.0
"""The account of one person and one action: its states, the changes allowed between them, its public id."""

import base64
import binascii
import hmac
from enum import IntEnum, StrEnum
from hashlib import blake2s
from typing import NamedTuple


class State(IntEnum):
    """Where an account stands. All but QUEUED are final; IN_DOUBT waits for a decision or for evidence."""

    QUEUED = 0
    SENT = 1
    FAILED = 2
    SKIPPED = 3
    DRAFTED = 4
    STOPPED = 5
    IN_DOUBT = 6

    @property
    def word(self) -> str:
        """The name in answers and texts."""
        return self.name.lower()


ALLOWED: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset(State),  # to itself: a retry with a due time
    State.IN_DOUBT: frozenset({State.SENT, State.FAILED, State.STOPPED, State.QUEUED}),
    State.SENT: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),  # when somebody asks for it
    State.SKIPPED: frozenset(),
    State.DRAFTED: frozenset({State.QUEUED, State.SKIPPED}),  # when somebody decides about it
    State.STOPPED: frozenset(),
}


class Reason(StrEnum):
    """Why somebody was not sent a message, or why it is in doubt. A closed vocabulary, countable."""

    # skipped: no message was tried
    UNSUBSCRIBED = "unsubscribed"
    UNSUBSCRIBED_TOPIC = "unsubscribed_topic"
    SUPPRESSED = "suppressed"
    DELETED = "deleted"
    NO_ADDRESS = "no_address"
    DUPLICATE = "duplicate"
    ESP_SUPPRESSED = "esp_suppressed"
    DRAFT_DELETED = "draft_deleted"
    MESSAGE_LIMIT = "message_limit"
    CONDITION = "condition"
    # failed: tried, and over
    RENDER_FAILED = "render_failed"
    INVALID_ADDRESS = "invalid_address"
    REFUSED = "refused"
    SENDER_REFUSED = "sender_refused"
    TOO_LARGE = "too_large"
    SMTPUTF8_UNSUPPORTED = "smtputf8_unsupported"
    EIGHT_BIT_UNSUPPORTED = "8bitmime_unsupported"
    BAD_CONTENT = "bad_content"
    ACTION_REFUSED = "action_refused"
    GAVE_UP = "gave_up"
    # stopped
    BROADCAST_STOPPED = "broadcast_stopped"
    TRIGGER_STOPPED = "trigger_stopped"
    EXPIRED = "expired"
    # in doubt
    NO_ANSWER = "no_answer"
    SENDER_DIED = "sender_died"
    # settled by a person
    RESOLVED_AS_SENT = "resolved_as_sent"
    RESOLVED_AS_FAILED = "resolved_as_failed"


REASON_WORDS: dict[Reason, str] = {
    Reason.UNSUBSCRIBED: "the person is unsubscribed",
    Reason.UNSUBSCRIBED_TOPIC: "the person is not subscribed to the broadcast's topic",
    Reason.SUPPRESSED: "the person was suppressed",
    Reason.DELETED: "the person was deleted before the message was made",
    Reason.NO_ADDRESS: "the person has no address, or no device, of this channel",
    Reason.DUPLICATE: "the person was already named earlier in this trigger",
    Reason.ESP_SUPPRESSED: "the address is suppressed: it bounced, complained, or somebody asked for it",
    Reason.DRAFT_DELETED: "its draft was deleted",
    Reason.MESSAGE_LIMIT: "the person has had as many messages as the workspace's limit lets through",
    Reason.CONDITION: "the person does not match the action's condition",
    Reason.RENDER_FAILED: "the message could not be rendered",
    Reason.INVALID_ADDRESS: "the address cannot be used",
    Reason.REFUSED: "the receiving server refused the message",
    Reason.SENDER_REFUSED: "the server refused the sender address",
    Reason.TOO_LARGE: "the message is larger than the server takes",
    Reason.SMTPUTF8_UNSUPPORTED: "the server cannot deliver to a non-ASCII address",
    Reason.EIGHT_BIT_UNSUPPORTED: "the server cannot take 8-bit text",
    Reason.BAD_CONTENT: "the message cannot be written down",
    Reason.ACTION_REFUSED: "what the action does to the person cannot be done",
    Reason.GAVE_UP: "every attempt failed",
    Reason.BROADCAST_STOPPED: "the broadcast was stopped",
    Reason.TRIGGER_STOPPED: "the trigger was stopped",
    Reason.EXPIRED: "the trigger had expired before it was this person's turn",
    Reason.NO_ANSWER: "handed over, but no answer came",
    Reason.SENDER_DIED: "the sender died while the message may have been handed over",
    Reason.RESOLVED_AS_SENT: "a person decided that it was sent",
    Reason.RESOLVED_AS_FAILED: "a person decided that it was not sent",
}


def failure_message(state: State, reason: str | None, words: str | None) -> str | None:
    """Why a message was not sent, or is in doubt: what the reason means, and what was said; else None."""
    if reason is None or state in {State.QUEUED, State.SENT, State.DRAFTED}:
        return None
    meaning = REASON_WORDS[Reason(reason)]
    return f"{meaning}: {words}" if words and words != meaning else meaning


class DeliveryKey(NamedTuple):
    """Names one account: trigger, the person's number in its audience, action."""

    trigger_id: int
    seq: int
    action_id: int


class Draft(NamedTuple):
    """A message that is kept instead of sent, as `pipeline.drafting` writes it down."""

    recipient: str
    subject: str
    message: str


class Outcome(NamedTuple):
    """What became of one account of a chunk.

    `due_ms` is set for a retry (state QUEUED): not before that moment. `counted`: the attempt counts.
    `doubt_fence`: in doubt because the slice's holder with this fence vanished; its record may still tell. `draft`:
    what is kept of a message that was drafted. `language`: in which one it was made, in lower case; None: the default.
    `unseen`: what it counts as, once sent, because nobody will see what is opened and followed of it.
    `gone`: devices of the person that are no more, by their tokens. `outlet`: to which account at a provider it was
    handed, by its number; of one that is QUEUED: the only one that it may go to, for it may have it already.
    `via`: the account of an attempt that was not its success.
    """

    key: DeliveryKey
    state: State
    reason: Reason | None = None
    words: str | None = None
    recipient: str | None = None
    due_ms: int = 0
    counted: bool = True
    doubt_fence: int | None = None
    draft: Draft | None = None
    language: str | None = None
    unseen: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    outlet: int | None = None
    via: int | None = None


_KEY_BYTES = 16  # 6 trigger, 5 seq, 5 action
_MAC_BYTES = 8
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class IdSigner:
    """Makes public ids with one secret, which is hashed once."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        self._keyed = blake2s(key=secret, digest_size=_MAC_BYTES)

    def __call__(self, key: DeliveryKey) -> str:
        """The delivery id that leaves the house: the key and a keyed checksum, URL-safe base64, 32 characters.

        Deriving it from the key makes Message-ID, links and idempotency keys the same on every attempt; the
        checksum makes it unguessable, since unsubscribing needs no other credential (contract §1.2).
        """
        body = key.trigger_id.to_bytes(6) + key.seq.to_bytes(5) + key.action_id.to_bytes(5)
        mac = self._keyed.copy()
        mac.update(body)
        return binascii.b2a_base64(body + mac.digest(), newline=False).translate(_URL_SAFE).decode()


def public_id(key: DeliveryKey, secret: bytes) -> str:
    """One public id, see `IdSigner`."""
    return IdSigner(secret)(key)


def key_of(public: str, secret: bytes) -> DeliveryKey | None:
    """The key behind a public id; None for anything this installation did not issue."""
    try:
        raw = base64.b64decode(public.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:_KEY_BYTES], raw[_KEY_BYTES:]
    if len(raw) != _KEY_BYTES + _MAC_BYTES or base64.urlsafe_b64encode(raw).decode() != public:
        return None
    if not hmac.compare_digest(mac, blake2s(body, key=secret, digest_size=_MAC_BYTES).digest()):
        return None
    return DeliveryKey(int.from_bytes(body[:6]), int.from_bytes(body[6:11]), int.from_bytes(body[11:16]))
