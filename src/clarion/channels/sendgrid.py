# SPDX-License-Identifier: Apache-2.0
"""E-mail through SendGrid's v3 API, one call for each message, or many in one call.

All messages of a call have the same texts, in which SendGrid replaces tags by what each has in their place: gaps of
`gapped_text`. Whether it looks for tags in what it has put in has changed over the years (github.com/sendgrid/docs,
pull requests 2042 and 2956, issue 4238), so ours are random and no message can have one. SendGrid does not recognise
repeats: with a lost answer all messages of its call are in doubt. Written after
twilio.com/docs/sendgrid/api-reference/mail-send (and …/errors, …/for-developers/sending-email/substitution-tags).
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from clarion.channels.base import Capabilities
from clarion.channels.gapped_text import GappedTexts, Limits
from clarion.channels.http_bodies import UNREADABLE, fields_of, is_token, mailboxes, not_unicode, written
from clarion.channels.http_delivery import HttpDeliverer, Reading
from clarion.channels.http_session import MAX_RETRY_AFTER_SECONDS, Answer, HttpSession, HttpSettings
from clarion.channels.http_single import SingleDialect
from clarion.channels.http_verdicts import again_alone, paused, refused, usual
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SetupError, Temporary
from clarion.domain.messages import EmailFields, EmailMessage

MOST_BYTES = 30_000_000  # of one message
MOST_RECIPIENTS = 1_000
MOST_MESSAGES = 1_000  # in one call
# SendGrid says 10,000 bytes of substitutions a message, and has refused less (sendgrid-python, issue 548).
_MOST_GAPS, _MOST_VALUES = 100, 8_000
_MOST_TEXTS, _MOST_REST = 1_000_000, 10_000  # so that a full call stays below 30 MB
OWN_HEADERS = frozenset({
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class SendGridSettings:
    """One account. Raises SetupError for what cannot work.

    `api_key` needs the permission to send mail. `batch`: messages in a call, 1 to 1,000. With `url`
    ``https://api.eu.sendgrid.com`` mail stays in the EU.
    """

    api_key: str = field(repr=False)
    batch: int = 1
    connections: int = 20
    timeout: float = 60.0
    url: str = "https://api.sendgrid.com"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.api_key):
            raise SetupError("sendgrid: api_key must be an API key of a SendGrid account")
        if not 1 <= self.batch <= MOST_MESSAGES:
            raise SetupError(f"sendgrid: batch must be from 1 to {MOST_MESSAGES}")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        return HttpSettings("sendgrid", self.url, self.connections, self.timeout, self.ca_file)


class _Address(msgspec.Struct, omit_defaults=True):
    email: str
    name: str = ""


class _Envelope(msgspec.Struct, omit_defaults=True):
    to: list[_Address]
    cc: list[_Address] = []
    bcc: list[_Address] = []


class _Person(msgspec.Struct, omit_defaults=True):
    """One message of a call with several."""

    to: list[_Address]
    subject: str
    headers: dict[str, str]
    custom_args: dict[str, str]
    substitutions: dict[str, str] = {}


class _Text(msgspec.Struct):
    type: str
    value: str


class _File(msgspec.Struct):
    content: str
    type: str
    filename: str
    disposition: str = "attachment"


class _Mail(msgspec.Struct, omit_defaults=True, rename={"sender": "from"}):
    personalizations: list[_Envelope]
    sender: _Address
    subject: str
    content: list[_Text]
    headers: dict[str, str]
    custom_args: dict[str, str]
    tracking_settings: dict[str, dict[str, bool]]
    reply_to: _Address | None = None
    attachments: list[_File] = []


class _Shared(msgspec.Struct, omit_defaults=True, rename={"sender": "from"}):
    """What the messages of a call have in common, but for their texts."""

    sender: _Address
    tracking_settings: dict[str, dict[str, bool]]
    reply_to: _Address | None = None


class _Call(_Shared):
    personalizations: list[_Person] = []
    content: list[_Text] = []


class _Error(msgspec.Struct):
    message: str = ""
    field: str | None = None


class _Refusal(msgspec.Struct):
    errors: list[_Error]


# Given, or the account's own settings would hold.
_UNTRACKED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
_decode = msgspec.json.Decoder(_Refusal).decode
_encode = msgspec.json.Encoder().encode
_OF_ADDRESS = re.compile(r"personalizations\.(\d{1,4})\.to\.\d+\.email")


def sendgrid(settings: SendGridSettings, *, clock: Callable[[], float] = time.monotonic) -> HttpDeliverer:
    """The provider; `clock`, in seconds, measures its pauses. Raises SetupError."""
    session = HttpSession(settings.http, {"Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"})
    capabilities = Capabilities(
        channel="email",
        connections=settings.connections,
        takes="fields",
        most_recipients=MOST_RECIPIENTS,
        own_headers=OWN_HEADERS,
    )
    return HttpDeliverer("sendgrid", capabilities, session, SendGridDialect(settings), clock)


class SendGridDialect(SingleDialect):
    """See `http_delivery.Dialect`."""

    sealed = False

    def __init__(self, settings: SendGridSettings) -> None:
        super().__init__(settings.http.at("/v3/mail/send"))
        self.most_messages = settings.batch

    def batch(self) -> "SubstitutionBatch":
        """See `Dialect.batch`."""
        return SubstitutionBatch()

    def encode(self, message: EmailMessage) -> bytes:
        """See `Dialect.encode`."""
        parts = fields_of(message)
        known = set[str]()  # an address may be there only once
        texts = (("text/plain", parts.plain), ("text/x-amp-html", parts.amp), ("text/html", parts.html))
        mail = _Mail(
            personalizations=[
                _Envelope(
                    to=_addresses([parts.recipient], known),
                    cc=_addresses(parts.cc, known),
                    bcc=_addresses(parts.bcc, known),
                )
            ],
            sender=_addresses([parts.sender], set())[0],
            subject=parts.subject,
            content=[_Text(kind, value) for kind, value in texts if value],
            headers=_headers(parts),
            custom_args={"delivery_id": message.delivery_id},
            tracking_settings=_UNTRACKED,
            reply_to=_addresses([parts.reply_to], set())[0] if parts.reply_to else None,
            attachments=[_File(one.content, one.media_type, one.name) for one in parts.attachments],
        )
        return written(mail, "SendGrid", MOST_BYTES)

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:
        """See `Dialect.read`. Only 202 is acceptance."""
        if answer.status == 202:
            return Reading([printable(f"202 {answer.headers.get('x-message-id', '')}")] * count)
        if answer.status == 429:
            return paused(count, answer.words, answer.retry_after or _until_reset(answer))
        fields: list[str] = []
        if answer.status in {400, 403}:
            with suppress(*UNREADABLE):
                fields = [one.field or "" for one in _decode(answer.body).errors]
        if many:
            return _of_addresses(fields, answer, count) or again_alone(_refusal(fields, answer, count))
        return _refusal(fields, answer, count)


class SubstitutionBatch:
    """See `http_delivery.Batch`."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._shared: tuple[_Shared, list[str]] | None = None  # and the types of the texts
        self._texts = GappedTexts(Limits(_MOST_GAPS, _MOST_VALUES, lambda values: len(_encode(self._named(values)))))
        self._people: list[_Person] = []
        self._addresses: set[str] = set()

    def take(self, message: EmailMessage) -> bool:
        """See `Batch.take`. An address may be there only once."""
        parts = fields_of(message)
        if message.copies or parts.attachments or parts.amp or not parts.subject:
            return False
        to = _addresses([parts.recipient], set())
        sender, reply_to = _addresses([parts.sender], set())[0], _addresses([parts.reply_to], set())
        person = _Person(to, parts.subject, _headers(parts), {"delivery_id": message.delivery_id})
        bodies = {kind: text for kind, text in (("text/plain", parts.plain), ("text/html", parts.html)) if text}
        texts = list(bodies.values())
        try:
            if len(_encode(texts)) > _MOST_TEXTS or len(_encode(person)) > _MOST_REST:
                return False
        except UnicodeEncodeError as error:
            raise not_unicode(error) from None
        shared = _Shared(sender, _UNTRACKED, reply_to[0] if reply_to else None), list(bodies)
        address = to[0].email.lower()
        is_other = (self._shared or shared) != shared or address in self._addresses
        if not texts or is_other or not self._texts.add(texts):
            return False
        self._shared = shared
        self._people.append(person)
        self._addresses.add(address)
        return True

    def body(self, places: Sequence[int]) -> bytes:
        """See `Batch.body`."""
        if self._shared is None:
            raise ValueError("a call with nobody in it")
        shared, kinds = self._shared
        people = [
            msgspec.structs.replace(self._people[place], substitutions=self._named(self._texts.values(place)))
            for place in places
        ]
        content = [_Text(kind, text) for kind, text in zip(kinds, self._texts.texts(self._tag), strict=True)]
        return _encode(_Call(shared.sender, shared.tracking_settings, shared.reply_to, people, content))

    def _tag(self, gap: int) -> str:
        return f"-{self._mark}{gap:03}-"

    def _named(self, values: Sequence[str]) -> dict[str, str]:
        return {self._tag(gap): value for gap, value in enumerate(values)}


def _of_addresses(fields: list[str], answer: Answer, count: int) -> Reading | None:
    """A call was refused because of the addresses of some of its messages; None: it was not."""
    found = [_OF_ADDRESS.fullmatch(name) for name in fields]
    places = {int(one[1]) for one in found if one is not None}
    if answer.status != 400 or not places or None in found or max(places) >= count:
        return None
    words = answer.words
    return Reading([
        Permanent(words, "invalid_address") if place in places else Temporary(words) for place in range(count)
    ])  # fmt: skip


def _refusal(fields: list[str], answer: Answer, count: int) -> Reading:
    if any(name.split(".")[0] == "from" for name in fields):
        return refused(count, Permanent(answer.words, "sender_refused"))
    if answer.status == 400 and any(".email" in name for name in fields):
        return refused(count, Permanent(answer.words, "invalid_address"))
    return usual(answer, count)


def _headers(parts: EmailFields) -> dict[str, str]:
    return {name: value for name, value in parts.headers if name.lower() not in OWN_HEADERS}


def _addresses(texts: Iterable[str], known: set[str]) -> list[_Address]:
    found = []
    for name, address in mailboxes(texts):
        if address.lower() not in known:
            known.add(address.lower())
            found.append(_Address(address, name))
    return found


def _until_reset(answer: Answer) -> float | None:
    """``X-RateLimit-Reset``: when there is room again, Unix seconds."""
    text = answer.headers.get("x-ratelimit-reset", "")
    if not (text.isascii() and text.isdigit()):
        return None
    return min(max(1.0, float(text[:12]) - time.time()), MAX_RETRY_AFTER_SECONDS)
