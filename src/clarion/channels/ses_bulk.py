# SPDX-License-Identifier: Apache-2.0
"""Many messages in one call of Amazon SES: a template in the call and each one's values (`gapped_text`).

SES puts values into a template given in the call as they are (no HTML escapes, nothing but simple substitution:
docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html and API_Template.html), so that each gets their
own texts. What a template does not carry goes alone, as we wrote it. The call and its limits:
API_SendBulkEmail.html, API_BulkEmailEntry.html, API_MessageHeader.html and dg/send-personalized-email-api.html (a call
is at most 1 MB), and the model of sesv2 in botocore.
"""

import re
from collections.abc import Sequence
from email.utils import formataddr
from typing import NamedTuple

import msgspec

from clarion.channels.gapped_text import GappedTexts, Limits
from clarion.channels.http_bodies import mailboxes, not_unicode
from clarion.channels.http_delivery import Pause
from clarion.channels.http_verdicts import SET_UP_SECONDS
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled, Unknown
from clarion.domain.messages import EmailFields, EmailMessage

MOST_MESSAGES = 50
# So that a full call stays below 1 MB: its texts, and of each message its values and the rest.
_MOST_TEXTS, _MOST_VALUES, _MOST_REST = 200_000, 12_000, 3_500
_MOST_GAPS = 500
_MOST_HEADERS, _LONGEST_HEADER = 15, 990
_LONGEST_WORD = 75  # of an encoded name, RFC 2047 §2
_HEADER_NAME, _HEADER_VALUE = re.compile(r"[!-9;-@A-~]{1,126}"), re.compile(r"[ -~]+")
_encode = msgspec.json.Encoder().encode


class Tag(msgspec.Struct):
    """Comes back with events."""

    Name: str
    Value: str


class _Header(msgspec.Struct):
    Name: str
    Value: str


class _To(msgspec.Struct):
    ToAddresses: list[str]


class _Rest(msgspec.Struct):
    """Of one message what is not in its texts."""

    Destination: _To
    ReplacementTags: list[Tag]
    ReplacementHeaders: list[_Header]


class _Values(msgspec.Struct):
    ReplacementTemplateData: str


class _Replacement(msgspec.Struct):
    ReplacementTemplate: _Values


class _Entry(_Rest):
    ReplacementEmailContent: _Replacement


class _Texts(msgspec.Struct, omit_defaults=True):
    Subject: str
    Html: str = ""
    Text: str = ""


class _Template(msgspec.Struct):
    TemplateContent: _Texts
    TemplateData: str = "{}"


class _Content(msgspec.Struct):
    Template: _Template


class _Call(msgspec.Struct, omit_defaults=True):
    FromEmailAddress: str
    DefaultContent: _Content
    BulkEmailEntries: list[_Entry]
    ReplyToAddresses: list[str] = []
    ConfigurationSetName: str = ""


class Result(msgspec.Struct):
    """What became of one message of a call."""

    Status: str
    Error: str | None = None
    MessageId: str | None = None


class _Shared(NamedTuple):
    """What all messages of a call have in common."""

    sender: str
    reply_to: tuple[str, ...]
    with_html: bool
    with_text: bool


def _data(values: Sequence[str]) -> str:
    return _encode({f"g{gap}": value for gap, value in enumerate(values)}).decode()


class BulkBatch:
    """See `http_delivery.Batch`."""

    def __init__(self, configuration_set: str) -> None:
        self._set = configuration_set
        self._shared: _Shared | None = None
        self._texts = GappedTexts(Limits(_MOST_GAPS, _MOST_VALUES, lambda values: len(_encode(_data(values)))))
        self._rest: list[_Rest] = []

    def take(self, message: EmailMessage) -> bool:
        """See `Batch.take`."""
        parts = message.fields
        if parts is None or not message.content or not _is_plain(message, parts):
            return False
        try:
            shared, rest = _shared(message, parts), _rest(message, parts)
        except (Permanent, UnicodeEncodeError):  # an address that is written in a way that SES may read after all
            return False
        texts = [parts.subject, *filter(None, (parts.html, parts.plain))]
        try:
            too_large = len(_encode(texts)) > _MOST_TEXTS or len(_encode(rest)) > _MOST_REST
        except UnicodeEncodeError as error:
            raise not_unicode(error) from None
        if too_large or (self._shared or shared) != shared or not self._texts.add(texts):
            return False
        self._shared = shared
        self._rest.append(rest)
        return True

    def body(self, places: Sequence[int]) -> bytes:
        """See `Batch.body`."""
        shared = self._shared
        if shared is None:
            raise ValueError("a call with nobody in it")
        subject, *bodies = self._texts.texts(lambda gap: f"{{{{g{gap}}}}}")
        texts = _Texts(subject, Html=bodies[0] if shared.with_html else "", Text=bodies[-1] if shared.with_text else "")
        call = _Call(
            FromEmailAddress=shared.sender,
            DefaultContent=_Content(_Template(texts)),
            BulkEmailEntries=[self._entry(place) for place in places],
            ReplyToAddresses=list(shared.reply_to),
            ConfigurationSetName=self._set,
        )
        return _encode(call)

    def _entry(self, place: int) -> _Entry:
        rest = self._rest[place]
        values = _Replacement(_Values(_data(self._texts.values(place))))
        return _Entry(rest.Destination, rest.ReplacementTags, rest.ReplacementHeaders, values)


def _is_plain(message: EmailMessage, parts: EmailFields) -> bool:
    """Whether a template carries all of it, and reads nothing in it as its own language."""
    return (
        not (message.copies or message.needs_smtputf8 or parts.attachments or parts.amp)
        and bool(parts.subject and (parts.html or parts.plain))
        and not any("{{" in text for text in (parts.subject, parts.html, parts.plain))
        and _can_be_headers(parts.headers)
    )


def _can_be_headers(headers: Sequence[tuple[str, str]]) -> bool:
    return (
        len(headers) <= _MOST_HEADERS
        and len({name.lower() for name, _ in headers}) == len(headers)
        and all(
            _HEADER_NAME.fullmatch(name)
            and _HEADER_VALUE.fullmatch(value)
            and len(name) + len(value) <= _LONGEST_HEADER
            for name, value in headers
        )
    )


def _shared(message: EmailMessage, parts: EmailFields) -> _Shared:
    """Raises Permanent, UnicodeEncodeError: there is no address where one should be."""
    reply_to = tuple(_mailbox(*one) for one in mailboxes([parts.reply_to]))
    return _Shared(_shown(parts.sender, message.sender), reply_to, bool(parts.html), bool(parts.plain))


def _rest(message: EmailMessage, parts: EmailFields) -> _Rest:
    """Without the Message-ID, in place of which SES has one of its own in any case (dg/header-fields.html)."""
    headers = [_Header(name, value) for name, value in parts.headers if name.lower() != "message-id"]
    to = _To([_shown(parts.recipient, message.recipient)])
    return _Rest(to, [Tag("delivery_id", message.delivery_id)], headers)


def _shown(text: str, address: str) -> str:
    """A mailbox as a header has it, in ASCII. Raises Permanent, UnicodeEncodeError: the text is no one mailbox."""
    found = mailboxes([text])
    if len(found) != 1:
        raise Permanent(printable(f"no address: {text}"), "invalid_address")
    return _mailbox(found[0][0], address)


def _mailbox(name: str, address: str) -> str:
    made = formataddr((name, address))
    if not name.isascii() and len(made) - len(address) > _LONGEST_WORD:  # it would have to be in several words
        raise Permanent(f"a long name: {name}", "invalid_address")
    return made


# The account or what it is set up with: whatever message comes next would meet the same.
_NOT_ALLOWED = frozenset({
    "ACCOUNT_SUSPENDED", "ACCOUNT_DAILY_QUOTA_EXCEEDED", "ACCOUNT_SENDING_PAUSED", "CONFIGURATION_SET_SENDING_PAUSED",
    "CONFIGURATION_SET_NOT_FOUND", "TEMPLATE_NOT_FOUND", "INVALID_SENDING_POOL_NAME",
})  # fmt: skip
# Perhaps it is the template that SES does not like.
ALONE = frozenset({"INVALID_PARAMETER", "FAILED"})


def end_of(result: Result) -> tuple[str | SendError, Pause | None]:
    """What a result means for its message, and for all others."""
    status, said = result.Status, result.Error or ""
    words = printable(f"200 {status} {said}".strip())
    if status == "SUCCESS":
        return printable(f"200 {result.MessageId or status}"), None
    if status == "ACCOUNT_THROTTLED":
        return Throttled(words, 1.0), Pause(words)
    if status in _NOT_ALLOWED:
        return Throttled(words, SET_UP_SECONDS), Pause(words, SET_UP_SECONDS)
    if status == "MAIL_FROM_DOMAIN_NOT_VERIFIED" or (status == "MESSAGE_REJECTED" and "not verified" in said):
        return Permanent(words, "sender_refused"), None
    if status == "MESSAGE_REJECTED":
        return Permanent(words, "refused"), None
    if status == "TRANSIENT_FAILURE" or status in ALONE:
        return Temporary(words), None
    return Unknown(words), None
