# SPDX-License-Identifier: Apache-2.0
"""E-mail through SendGrid's v3 API, one call for each message.

A call of theirs can have many recipients, but they all get the same text, and each of ours is somebody's own. SendGrid
does not recognise repeats: with a lost answer the message is in doubt. Written after
twilio.com/docs/sendgrid/api-reference/mail-send.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, fields_of, is_token, mailboxes, written
from clarion.channels.http_delivery import HttpDeliverer, Reading
from clarion.channels.http_session import MAX_RETRY_AFTER_SECONDS, Answer, HttpSession, HttpSettings
from clarion.channels.http_single import SingleDialect
from clarion.channels.http_verdicts import paused, refused, usual
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SetupError
from clarion.domain.messages import EmailMessage

MOST_BYTES = 30_000_000  # of one message
MOST_RECIPIENTS = 1_000
OWN_HEADERS = frozenset({
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class SendGridSettings:
    """One account. Raises SetupError for what cannot work.

    `api_key` needs the permission to send mail. With `url` ``https://api.eu.sendgrid.com`` mail stays in the EU.
    """

    api_key: str = field(repr=False)
    connections: int = 20
    timeout: float = 60.0
    url: str = "https://api.sendgrid.com"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.api_key):
            raise SetupError("sendgrid: api_key must be an API key of a SendGrid account")

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

    def __init__(self, settings: SendGridSettings) -> None:
        super().__init__(settings.http.at("/v3/mail/send"))

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
            headers={name: value for name, value in parts.headers if name.lower() not in OWN_HEADERS},
            custom_args={"delivery_id": message.delivery_id},
            tracking_settings=_UNTRACKED,
            reply_to=_addresses([parts.reply_to], set())[0] if parts.reply_to else None,
            attachments=[_File(one.content, one.media_type, one.name) for one in parts.attachments],
        )
        return written(mail, "SendGrid", MOST_BYTES)

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:  # noqa: ARG002 - never many
        """See `Dialect.read`. Only 202 is acceptance."""
        if answer.status == 202:
            return Reading([printable(f"202 {answer.headers.get('x-message-id', '')}")])
        if answer.status == 429:
            return paused(count, answer.words, answer.retry_after or _until_reset(answer))
        if answer.status in {400, 403}:
            try:
                fields = [one.field or "" for one in _decode(answer.body).errors]
            except UNREADABLE:
                return usual(answer, count)
            if any(name.split(".")[0] == "from" for name in fields):
                return refused(count, Permanent(answer.words, "sender_refused"))
            if answer.status == 400 and any(".email" in name for name in fields):
                return refused(count, Permanent(answer.words, "invalid_address"))
        return usual(answer, count)


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
