# SPDX-License-Identifier: Apache-2.0
"""E-mail through Mailgun's HTTP API: each message as we wrote it, byte for byte, in a call of its own.

Mailgun does not recognise repeats: with a lost answer the message is in doubt. Written after
documentation.mailgun.com (Messages, Send in MIME format; Webhooks).
"""

import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, check_size, is_token, not_unicode
from clarion.channels.http_delivery import Headers, HttpDeliverer, Reading
from clarion.channels.http_session import Answer, HttpSession, HttpSettings
from clarion.channels.http_single import SingleDialect
from clarion.channels.http_verdicts import SET_UP_SECONDS, paused, refused, usual
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SetupError, Unknown
from clarion.domain.messages import EmailMessage

MOST_BYTES = 25_000_000  # of one message
MOST_RECIPIENTS = 1_000
LIMIT_EXCEEDED = 420  # beside the usual 429
# Given, or the domain's own settings would hold.
OPTIONS = (("o:tracking", "no"), ("o:tracking-clicks", "no"), ("o:tracking-opens", "no"))


@dataclass(frozen=True, slots=True)
class MailgunSettings:
    """One sending domain. Raises SetupError for what cannot work.

    `api_key` may be the domain's sending key. A domain in the EU has the `url` ``https://api.eu.mailgun.net``.
    """

    domain: str
    api_key: str = field(repr=False)
    connections: int = 20
    timeout: float = 60.0
    url: str = "https://api.mailgun.net"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.api_key):
            raise SetupError("mailgun: api_key must be an API key of a Mailgun account or a domain's sending key")
        if not is_token(self.domain) or set(self.domain) & set("/?#%@:"):
            raise SetupError("mailgun: domain must be a sending domain, such as mg.example.com")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        return HttpSettings("mailgun", self.url, self.connections, self.timeout, self.ca_file)


class _Said(msgspec.Struct):
    message: str = ""
    id: str = ""


_decode = msgspec.json.Decoder(_Said).decode


def mailgun(settings: MailgunSettings, *, clock: Callable[[], float] = time.monotonic) -> HttpDeliverer:
    """The provider; `clock`, in seconds, measures its pauses. Raises SetupError."""
    credentials = b64encode(f"api:{settings.api_key}".encode()).decode()
    session = HttpSession(settings.http, {"Authorization": f"Basic {credentials}", "Accept": "application/json"})
    capabilities = Capabilities(channel="email", connections=settings.connections, most_recipients=MOST_RECIPIENTS)
    return HttpDeliverer("mailgun", capabilities, session, MailgunDialect(settings), clock)


class MailgunDialect(SingleDialect):
    """See `http_delivery.Dialect`. A body is multipart/form-data (RFC 7578)."""

    def __init__(self, settings: MailgunSettings) -> None:
        super().__init__(settings.http.at(f"/v3/{settings.domain}/messages.mime"))
        self._boundary = secrets.token_hex(24)  # nobody who writes a message can know it
        self._headers = (("Content-Type", f"multipart/form-data; boundary={self._boundary}"),)

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers:  # noqa: ARG002
        """See `Dialect.headers`."""
        return self._headers

    def encode(self, message: EmailMessage) -> bytes:
        """See `Dialect.encode`."""
        if message.fields is not None:
            raise TypeError("the message was made in parts, not as bytes")
        check_size(len(message.content), "Mailgun", MOST_BYTES)
        to = (("to", address) for address in (message.recipient, *message.copies))
        fields = (*to, *OPTIONS, ("v:delivery_id", message.delivery_id))
        mark = f"--{self._boundary}\r\n"
        head = "".join(
            f'{mark}Content-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields
        )
        try:
            before = f'{head}{mark}Content-Disposition: form-data; name="message"; filename="message.mime"\r\n'.encode()
        except UnicodeEncodeError as error:
            raise not_unicode(error) from None
        kind = b"Content-Type: application/octet-stream\r\n\r\n"
        return b"".join((before, kind, message.content, f"\r\n--{self._boundary}--\r\n".encode()))

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:  # noqa: ARG002 - never many
        """See `Dialect.read`."""
        try:
            said = _decode(answer.body)
        except UNREADABLE:
            said = None
        if answer.status == 200:
            if said is None or not said.id:
                return Reading([Unknown(f"unintelligible answer: {answer.words}")], doubtful=True)
            return Reading([printable(f"{said.message or 'OK'} {said.id}")])
        if answer.status == LIMIT_EXCEEDED:
            return paused(count, answer.words, answer.retry_after or SET_UP_SECONDS)
        if answer.status == 400 and said is not None:
            if "not allowed to send" in said.message or "Sandbox subdomains" in said.message:
                return paused(count, answer.words, SET_UP_SECONDS)
            if said.message.startswith(("to parameter", "'to' parameter")):
                return refused(count, Permanent(answer.words, "invalid_address"))
        return usual(answer, count)
