# SPDX-License-Identifier: Apache-2.0
"""E-mail through Resend's HTTP API: up to 100 messages in a call, or one in each.

With `batch` 1 each call has its message's delivery id as its Idempotency-Key, so within 24 hours Resend itself does
not send it twice. A call with several has a key of its content: those of a lost answer do not meet again in the same
call, so they are in doubt together. Written after resend.com/docs/api-reference (emails, errors, batch validation).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from clarion.channels import refused_files
from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, ListBatch, apart, fields_of, is_token, written
from clarion.channels.http_delivery import Headers, HttpDeliverer, Reading
from clarion.channels.http_session import Answer, HttpSession, HttpSettings
from clarion.channels.http_verdicts import SET_UP_SECONDS, paused, refused, usual
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SendError, SetupError, Temporary, Throttled, Unknown
from clarion.domain.messages import EmailMessage

MOST_MESSAGES = 100  # in one call
MOST_BYTES = 40_000_000  # of one message, its files as base64
MOST_CALL_BYTES = 50_000_000
MOST_RECIPIENTS = 50
QUOTAS = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
IN_USE, USED = "concurrent_idempotent_requests", "invalid_idempotent_request"
IN_USE_SECONDS = 5.0
DANGEROUS = "security_error"  # with 451; of this message, Resend says


@dataclass(frozen=True, slots=True)
class ResendSettings:
    """One account. Raises SetupError for what cannot work.

    `api_key` may be one that only sends. `batch`: messages in a call, 1 to 100. The rest is as in `HttpSettings`.
    """

    api_key: str = field(repr=False)
    batch: int = MOST_MESSAGES
    connections: int = 2
    timeout: float = 60.0
    url: str = "https://api.resend.com"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.api_key):
            raise SetupError("resend: api_key must be an API key of a Resend account")
        if not 1 <= self.batch <= MOST_MESSAGES:
            raise SetupError(f"resend: batch must be from 1 to {MOST_MESSAGES}")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        return HttpSettings("resend", self.url, self.connections, self.timeout, self.ca_file)


class _Tag(msgspec.Struct):
    name: str
    value: str


class _File(msgspec.Struct):
    filename: str
    content: str
    content_type: str


class _Mail(msgspec.Struct, omit_defaults=True, rename={"sender": "from"}):
    sender: str
    to: list[str]
    subject: str
    headers: dict[str, str]
    tags: list[_Tag]
    cc: list[str] = []
    bcc: list[str] = []
    reply_to: str = ""
    html: str = ""
    text: str = ""
    attachments: list[_File] = []


class _Taken(msgspec.Struct):
    id: str


class _Wrong(msgspec.Struct):
    index: int
    message: str = ""


class _Batch(msgspec.Struct):
    data: list[_Taken]
    errors: list[_Wrong] = []


class _Refusal(msgspec.Struct):
    name: str = ""
    message: str = ""


_decode_one = msgspec.json.Decoder(_Taken).decode
_decode_many = msgspec.json.Decoder(_Batch).decode
_decode_refusal = msgspec.json.Decoder(_Refusal).decode


def resend(settings: ResendSettings, *, clock: Callable[[], float] = time.monotonic) -> HttpDeliverer:
    """The provider; `clock`, in seconds, measures its pauses. Raises SetupError."""
    session = HttpSession(settings.http, {"Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"})
    capabilities = Capabilities(
        channel="email",
        connections=settings.connections,
        recognises_repeats=settings.batch == 1,
        takes="fields",
        amp=False,
        most_recipients=MOST_RECIPIENTS,
        refused_files=refused_files.RESEND,
    )
    return HttpDeliverer("resend", capabilities, session, ResendDialect(settings), clock)


class ResendDialect:
    """See `http_delivery.Dialect`."""

    sealed = templated = False

    def __init__(self, settings: ResendSettings) -> None:
        self.most_messages = settings.batch
        self.single = settings.http.at("/emails")
        self.many = settings.http.at("/emails/batch")

    def encode(self, message: EmailMessage) -> bytes:
        """See `Dialect.encode`."""
        parts = fields_of(message)
        mail = _Mail(
            sender=parts.sender,
            to=apart(parts.recipient),
            subject=parts.subject,
            headers=dict(parts.headers),
            tags=[_Tag("delivery_id", message.delivery_id)],
            cc=list(parts.cc),
            bcc=list(parts.bcc),
            reply_to=parts.reply_to,
            html=parts.html,
            text=parts.plain,
            attachments=[_File(one.name, one.content, one.media_type) for one in parts.attachments],
        )
        return written(mail, "Resend", MOST_BYTES)

    def batch(self) -> ListBatch:
        """See `Dialect.batch`. One carries no files."""
        return ListBatch(self.encode, MOST_CALL_BYTES, lambda message: not fields_of(message).attachments)

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers:
        """The key by which Resend knows a repeat, and, of several, that one bad message does not stop the others."""
        if not many:
            return (("Content-Type", "application/json"), ("Idempotency-Key", delivery_ids[0]))
        key = sha256(body).hexdigest()
        return (("Content-Type", "application/json"), ("Idempotency-Key", key), ("x-batch-validation", "permissive"))

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:
        """See `Dialect.read`."""
        if answer.status == 200:
            ends = _ends(answer, count) if many else [_end(answer)]
            return Reading(ends, doubtful=any(isinstance(end, Unknown) for end in ends))
        try:
            said = _decode_refusal(answer.body)
        except UNREADABLE:
            return usual(answer, count)
        return _verdict(said, answer, count)


def _end(answer: Answer) -> str | SendError:
    try:
        return printable(f"OK {_decode_one(answer.body).id}")
    except UNREADABLE:
        return Unknown(f"unintelligible answer: {answer.words}")


def _ends(answer: Answer, count: int) -> Sequence[str | SendError]:
    """Those that were taken in their order, around those that `errors` names by their place."""
    try:
        found = _decode_many(answer.body)
    except UNREADABLE:
        return [Unknown(f"unintelligible answer: {answer.words}")] * count
    wrong = {one.index: one.message for one in found.errors}
    if len(found.data) + len(wrong) != count or not all(0 <= index < count for index in wrong):
        words = printable(f"{len(found.data)} results and {len(wrong)} errors for {count} messages: {answer.words}")
        return [Unknown(words)] * count  # nobody knows whose result is whose
    taken = iter(found.data)
    return [
        _of_message(wrong[place]) if place in wrong else printable(f"OK {next(taken).id}") for place in range(count)
    ]


def _of_message(words: str) -> Permanent:
    """What is said of one message: it names the field, and nothing but the sentence tells which."""
    about_sender = words.lstrip("`'\" ").startswith("from") or "domain is not verified" in words
    return Permanent(printable(words) or "refused", "sender_refused" if about_sender else _of_field(words))


def _of_field(words: str) -> str:
    return "invalid_address" if any(f"`{name}`" in words for name in ("to", "cc", "bcc")) else "refused"


def _verdict(said: _Refusal, answer: Answer, count: int) -> Reading:
    name, words = said.name, answer.words
    if name in QUOTAS:
        return paused(count, words, answer.retry_after or SET_UP_SECONDS)
    if name == IN_USE:
        return Reading([Throttled(words, IN_USE_SECONDS)] * count)
    if name == USED:
        # It was sent before, with other content; of several, those of that call are not all of these.
        return Reading([Unknown(words)]) if count == 1 else Reading([Temporary(words)] * count, apart=True)
    if name.endswith("_api_key") or "API key" in said.message:
        return paused(count, words, SET_UP_SECONDS)
    if name == "invalid_from_address" or (answer.status == 403 and "domain is not verified" in said.message):
        return refused(count, Permanent(words, "sender_refused"))
    if name == DANGEROUS:
        return refused(count, Permanent(words, "refused"))
    if name == "validation_error" and answer.status in {400, 422}:
        return refused(count, Permanent(words, _of_field(said.message)))
    return usual(answer, count)
