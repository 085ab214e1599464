# SPDX-License-Identifier: Apache-2.0
"""SMS, and WhatsApp by templates, through Twilio's Messages resource.

Twilio recognises no repeats: with a lost answer the message is in doubt. Resource:
https://www.twilio.com/docs/messaging/api/message-resource; error codes: https://www.twilio.com/docs/api/errors;
templates: https://www.twilio.com/docs/content/send-templates-created-with-the-content-template-builder.
"""

import re
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, check_size, is_token, not_unicode
from clarion.channels.http_delivery import Headers, HttpDeliverer, Reading
from clarion.channels.http_session import Answer, HttpSession, HttpSettings
from clarion.channels.http_single import SingleDialect
from clarion.channels.http_verdicts import SET_UP_SECONDS, paused, usual
from clarion.channels.twilio_events import DELIVERY_ID
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SetupError, Unknown
from clarion.domain.messages import PartsMessage

MOST_BYTES = 200_000  # of a call: far above what Twilio takes of a text
CHANNELS = ("sms", "whatsapp")
_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_KEY = re.compile(r"SK[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
# Codes of errors, by what they say of the message or of the account.
_NO_NUMBER = frozenset({21211, 21214, 21217, 21265, 21401, 21407, 21421, 21612, 21614, 21635, 63003, 63024})
_OPTED_OUT = frozenset({21610})
_NO_SENDER = frozenset({21212, 21601, 21603, 21606, 21659, 21660, 21661, 21701, 21703, 21704, 21705, 63007})
_TOO_LARGE = frozenset({21605, 21617, 21623})
_BAD_CONTENT = frozenset({21602, 21619, 21620})
_SLOWER = frozenset({14107, 20429, 21611})  # 21611: ten hours' messages wait for this sender
# Limits of WhatsApp's, of the number's tier and of the account's day, that a moment does not lift; seconds.
_FOR_LONGER = {63018: 60.0, 63038: 900.0}
_SET_UP = frozenset({20003, 20005, 20006, 20403, 30002, 63001})


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """One account. Raises SetupError for what cannot work.

    `account_sid` with its `auth_token`, or with a key of its API, `key_sid` and `key_secret`. `sender`: a number in
    E.164, a short code, a name, or the SID of a messaging service, for messages that name none themselves.
    `status_callback`: where Twilio tells what becomes of messages; "": nowhere.
    """

    account_sid: str
    auth_token: str = field(default="", repr=False)
    key_sid: str = ""
    key_secret: str = field(default="", repr=False)
    sender: str = ""
    channel: str = "sms"
    status_callback: str = ""
    connections: int = 20
    timeout: float = 30.0
    url: str = "https://api.twilio.com"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account_sid):
            raise SetupError("twilio: account_sid must be the SID of an account, AC and 32 hexadecimal digits")
        if self.key_sid and not _KEY.fullmatch(self.key_sid):
            raise SetupError("twilio: key_sid must be the SID of an API key, SK and 32 hexadecimal digits")
        if not is_token(self.key_secret if self.key_sid else self.auth_token):
            raise SetupError(f"twilio: {'key_secret' if self.key_sid else 'auth_token'} must be given")
        if self.channel not in CHANNELS:
            raise SetupError(f"twilio: channel must be one of {', '.join(CHANNELS)}")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        return HttpSettings("twilio", self.url, self.connections, self.timeout, self.ca_file)

    @property
    def login(self) -> str:
        """User and password (RFC 7617)."""
        if self.key_sid:
            return f"{self.key_sid}:{self.key_secret}"
        return f"{self.account_sid}:{self.auth_token}"


class _Said(msgspec.Struct):
    sid: str = ""
    status: str | int = ""
    code: int | None = None
    error_code: int | None = None


_decode = msgspec.json.Decoder(_Said).decode


def twilio(settings: TwilioSettings, *, clock: Callable[[], float] = time.monotonic) -> HttpDeliverer:
    """The provider of one channel; `clock`, in seconds, measures its pauses. Raises SetupError."""
    login = b64encode(settings.login.encode()).decode()
    session = HttpSession(settings.http, {"Authorization": f"Basic {login}", "Accept": "application/json"})
    capabilities = Capabilities(
        channel=settings.channel, connections=settings.connections, needs_sender=not settings.sender
    )
    return HttpDeliverer("twilio", capabilities, session, TwilioDialect(settings), clock)


class TwilioDialect(SingleDialect):
    """See `http_delivery.Dialect`. A body is a form."""

    def __init__(self, settings: TwilioSettings) -> None:
        super().__init__(settings.http.at(f"/2010-04-01/Accounts/{settings.account_sid}/Messages.json"))
        self._sender = settings.sender
        self._channel = settings.channel
        self._status_callback = settings.status_callback

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers:  # noqa: ARG002 - a form
        """See `Dialect.headers`."""
        return _FORM

    def encode(self, message: PartsMessage) -> bytes:
        """See `Dialect.encode`."""
        sender = message.parts.get("from") or self._sender
        if not sender:
            raise Permanent("nobody it is from: neither the message nor twilio.sender names a sender", "sender_refused")
        fields = {"To": self._address(message.recipient)}
        if _SERVICE.fullmatch(sender):
            fields["MessagingServiceSid"] = sender
        else:
            fields["From"] = self._address(sender)
        fields |= _template(message.parts["body"]) if self._channel == "whatsapp" else _text(message.parts)
        if self._status_callback:
            told = urlencode({DELIVERY_ID: message.delivery_id})
            fields["StatusCallback"] = f"{self._status_callback}?{told}"
        try:
            body = urlencode(fields).encode()
        except UnicodeEncodeError as error:
            raise not_unicode(error) from None
        check_size(len(body), "Twilio", MOST_BYTES)
        return body

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:  # noqa: ARG002 - one message in a call
        """See `Dialect.read`."""
        try:
            said = _decode(answer.body)
        except UNREADABLE:
            said = None
        if answer.status == 201:
            if said is None or not said.sid:
                return Reading([Unknown(f"unintelligible answer: {answer.words}")], doubtful=True)
            return Reading([printable(f"{said.status} {said.sid}")])
        code = said.code if said is not None else None
        if code is None or answer.status >= 500:
            return usual(answer, count)
        return _verdict(code, answer)

    def _address(self, address: str) -> str:
        return address if self._channel == "sms" or address.startswith("whatsapp:") else f"whatsapp:{address}"


def _text(parts: dict[str, str]) -> dict[str, str]:
    fields = {"Body": parts["body"]}
    if parts.get("image_url"):
        fields["MediaUrl"] = parts["image_url"]
    return fields


def _template(body: str) -> dict[str, str]:
    """The template and what is put into it; `domain.channels` has seen to it that this is what the body holds."""
    told = msgspec.json.decode(body)
    variables = msgspec.json.encode(told.get("variables") or {}).decode()
    return {"ContentSid": told["content_sid"], "ContentVariables": variables}


def _verdict(code: int, answer: Answer) -> Reading:
    words = answer.words
    if code in _FOR_LONGER:
        return paused(1, words, max(_FOR_LONGER[code], answer.retry_after or 0.0))
    if code in _SLOWER or answer.status == 429:
        return paused(1, words, answer.retry_after)
    if code in _SET_UP or answer.status in {401, 403}:
        return paused(1, words, SET_UP_SECONDS)
    for codes, reason in (
        (_NO_NUMBER, "invalid_address"),
        (_OPTED_OUT, "unsubscribed"),
        (_NO_SENDER, "sender_refused"),
        (_TOO_LARGE, "too_large"),
        (_BAD_CONTENT, "bad_content"),
    ):
        if code in codes:
            return Reading([Permanent(words, reason)])
    if answer.status in {400, 422}:
        return Reading([Permanent(words, "refused")])
    return usual(answer, 1)
