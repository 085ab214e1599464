# SPDX-License-Identifier: Apache-2.0
"""E-mail through Postmark's HTTP API: one call for each message, or up to 500 of them in a call.

Postmark does not recognise repeats. A call is one hand-over, so when its answer is lost all its messages are in
doubt together; ``batch`` is the most that one lost answer can cost.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from clarion.channels import refused_files
from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, ListBatch, fields_of, is_token, written
from clarion.channels.http_delivery import HttpDeliverer, Pause, Reading
from clarion.channels.http_session import Answer, HttpSession, HttpSettings
from clarion.channels.http_verdicts import SET_UP_SECONDS, refused, usual
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SendError, SetupError, Temporary, Throttled, Unknown
from clarion.domain.messages import EmailMessage

MOST_MESSAGES = 500  # in one batch
MOST_BATCH_BYTES = 50_000_000
MOST_BYTES = 10_000_000  # of one message
MOST_RECIPIENTS = 50

# What Postmark calls API error codes. They are not HTTP statuses, though some look like one.
BAD_TOKEN = 10
MAINTENANCE = 100
RATE_LIMIT = 429
NOT_NOW = frozenset({MAINTENANCE, RATE_LIMIT})
NOT_ALLOWED = frozenset({405, 412, 413})  # out of credits, account pending, account may not send
SENDER_UNKNOWN = frozenset({400, 401})  # no such sender signature, or not confirmed
BAD_JSON = frozenset({402, 403})
INVALID = 300
REFUSED = frozenset({406, 411})  # inactive recipient, forbidden attachment


@dataclass(frozen=True, slots=True)
class PostmarkSettings:
    """One Postmark server. Raises SetupError for what cannot work.

    `token` is the server's API token, `stream` the message stream. `batch`: messages in a call, 1 to 500; with 1
    each message has a call of its own. `connections`: calls at once in this process. The rest is as in
    `HttpSettings`.
    """

    token: str = field(repr=False)
    stream: str = "broadcast"
    batch: int = MOST_MESSAGES
    connections: int = 10
    timeout: float = 60.0
    url: str = "https://api.postmarkapp.com"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.token):
            raise SetupError("postmark: token must be the API token of a Postmark server")
        if not self.stream:
            raise SetupError("postmark: stream is empty; name a message stream")
        if not 1 <= self.batch <= MOST_MESSAGES:
            raise SetupError(f"postmark: batch must be from 1 to {MOST_MESSAGES}")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        return HttpSettings("postmark", self.url, self.connections, self.timeout, self.ca_file)


class _Header(msgspec.Struct):
    Name: str
    Value: str


class _File(msgspec.Struct):
    Name: str
    Content: str
    ContentType: str


class _Mail(msgspec.Struct, omit_defaults=True):
    From: str
    To: str
    Subject: str
    MessageStream: str
    Headers: list[_Header]
    Metadata: dict[str, str]
    Cc: str = ""
    Bcc: str = ""
    ReplyTo: str = ""
    HtmlBody: str = ""
    TextBody: str = ""
    TrackOpens: bool | None = None  # given, or the server's own setting would hold
    TrackLinks: str = ""
    Attachments: list[_File] = []


class _Result(msgspec.Struct):
    ErrorCode: int
    Message: str = ""
    MessageID: str = ""


_KEEP_ID = _Header("X-PM-KeepID", "true")  # else Postmark puts a Message-ID of its own in place of ours
_decode_one = msgspec.json.Decoder(_Result).decode
_decode_many = msgspec.json.Decoder(list[_Result]).decode
_decode_each = msgspec.json.Decoder(list[msgspec.Raw]).decode


def postmark(
    settings: PostmarkSettings,
    *,
    dialect: "PostmarkDialect | None" = None,
    clock: Callable[[], float] = time.monotonic,
) -> HttpDeliverer:
    """The provider; `clock`, in seconds, measures its pauses. Raises SetupError."""
    http = settings.http
    session = HttpSession(http, {"X-Postmark-Server-Token": settings.token, "Accept": "application/json"})
    capabilities = Capabilities(
        channel="email",
        connections=settings.connections,
        takes="fields",
        amp=False,
        most_recipients=MOST_RECIPIENTS,
        refused_files=refused_files.POSTMARK,
    )
    return HttpDeliverer("postmark", capabilities, session, dialect or PostmarkDialect(settings), clock)


class PostmarkDialect:
    """See `http_delivery.Dialect`."""

    sealed = templated = False

    def __init__(self, settings: PostmarkSettings) -> None:
        self.most_bytes = MOST_BATCH_BYTES
        self.single = settings.http.at("/email")
        self.many = settings.http.at("/email/batch")
        self.most_messages = settings.batch
        self._stream = settings.stream

    def encode(self, message: EmailMessage) -> bytes:
        """See `Dialect.encode`."""
        parts = fields_of(message)
        mail = _Mail(
            From=parts.sender,
            To=parts.recipient,
            Subject=parts.subject,
            MessageStream=self._stream,
            Headers=[*[_Header(name, value) for name, value in parts.headers], _KEEP_ID],
            Metadata={"delivery_id": message.delivery_id},
            Cc=", ".join(parts.cc),
            Bcc=", ".join(parts.bcc),
            ReplyTo=parts.reply_to,
            HtmlBody=parts.html,
            TextBody=parts.plain,
            TrackOpens=False,
            TrackLinks="None",
            Attachments=[_File(one.name, one.content, one.media_type) for one in parts.attachments],
        )
        return written(mail, "Postmark", MOST_BYTES)

    def batch(self) -> ListBatch:
        """See `Dialect.batch`."""
        return ListBatch(self.encode, self.most_bytes)

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> None:
        """See `Dialect.headers`."""

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:
        """See `Dialect.read`. Of what Postmark documents only 200 is acceptance, and not of each message."""
        if answer.status == 200:
            return self._accepted(answer, count, many=many)
        if answer.status in {400, 422}:
            try:
                return _reading_of_refusal(_decode_one(answer.body), count)
            except UNREADABLE:
                pass
        # Of 500 Postmark says that the message is lost in most cases. That is not in all of them.
        return usual(answer, count)

    def _accepted(self, answer: Answer, count: int, *, many: bool) -> Reading:
        results: Sequence[_Result | None]
        try:
            results = _decode_many(answer.body) if many else [_decode_one(answer.body)]
        except UNREADABLE:
            try:
                results = [_result(raw) for raw in _decode_each(answer.body)] if many else [None]
            except UNREADABLE:
                results = [None] * count
        if len(results) != count:  # then nobody knows whose result is whose
            words = printable(f"{len(results)} results for {count} messages: {answer.words}")
            return Reading([Unknown(words)] * count, doubtful=True)
        ends: list[str | SendError] = []
        pause: Pause | None = None
        for result in results:
            if result is None:
                ends.append(Unknown(f"unintelligible answer: {answer.words}"))
            elif result.ErrorCode == 0:
                ends.append(_taken(result))
            else:
                error, asked = _verdict(result)
                ends.append(error)
                pause = pause or asked
        return Reading(ends, pause, doubtful=None in results)


def _taken(result: _Result) -> str:
    return printable(f"{result.Message or 'OK'} {result.MessageID}")


def _result(raw: msgspec.Raw) -> _Result | None:
    try:
        return _decode_one(raw)
    except UNREADABLE:
        return None


def _verdict(result: _Result) -> tuple[SendError, Pause | None]:
    """What an error code means for its message, and for all others."""
    code, words = result.ErrorCode, printable(f"{result.ErrorCode} {result.Message}")
    if code in NOT_NOW:
        return Throttled(words, 1.0), Pause(words)
    if code == BAD_TOKEN or code in NOT_ALLOWED:
        return Throttled(words, SET_UP_SECONDS), Pause(words, SET_UP_SECONDS)
    if code in SENDER_UNKNOWN:
        return Permanent(words, "sender_refused"), None
    if code in BAD_JSON:
        return Permanent(words, "bad_content"), None
    if code == INVALID:
        return Permanent(words, _of_field(words)), None
    if code in REFUSED:
        return Permanent(words, "refused"), None
    # A code we do not know may be about the set-up, such as a stream that is not there: nobody is lost to it at
    # once, and nobody holds up the others.
    return Temporary(words), None


def _of_field(words: str) -> str:
    """Why, by the field that Postmark names: ``Error parsing 'To': …``, ``Invalid 'From' address: …``."""
    if "'From'" in words:
        return "sender_refused"
    return "invalid_address" if any(f"'{name}'" in words for name in ("To", "Cc", "Bcc")) else "refused"


def _reading_of_refusal(result: _Result, count: int) -> Reading:
    """A whole call was refused with one error."""
    error, pause = _verdict(result)
    if pause is not None:
        return Reading([error] * count, pause)
    return refused(count, error)
