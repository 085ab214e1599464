# SPDX-License-Identifier: Apache-2.0
"""E-mail through Amazon SES, API version 2: each message as we wrote it in a call of its own, or many in one call.

SES does not recognise repeats: with a lost answer all messages of its call are in doubt. Written after
docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html; what goes in one call: `ses_bulk`.
"""

import re
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from clarion.channels import refused_files
from clarion.channels.base import Capabilities
from clarion.channels.http_bodies import UNREADABLE, is_token, written
from clarion.channels.http_delivery import Headers, HttpDeliverer, Reading
from clarion.channels.http_session import Answer, HttpSession, HttpSettings
from clarion.channels.http_single import SingleDialect
from clarion.channels.http_verdicts import SET_UP_SECONDS, again_alone, paused, refused, usual
from clarion.channels.ses_bulk import ALONE, MOST_MESSAGES, BulkBatch, Result, Tag, end_of
from clarion.channels.sigv4 import Credentials, signed
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SetupError, Unknown
from clarion.domain.messages import EmailMessage

MOST_BYTES = 53_000_000  # of one call: SES takes 40 MB, and base64 makes a third more of it
MOST_RECIPIENTS = 50
SENDER_UNKNOWN = frozenset({"MailFromDomainNotVerifiedException"})
# The account, its rights, its keys, its clock: whatever message comes next would meet the same.
NOT_ALLOWED = frozenset({"AccountSuspendedException", "SendingPausedException", "LimitExceededException"})
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True, slots=True)
class SesSettings:
    """One account in one region. Raises SetupError for what cannot work.

    The keys are an IAM user's or role's that may ``ses:SendEmail``, and ``ses:SendBulkEmail`` where `batch`, the most
    messages in a call, is more than 1; `session_token` comes with a role's.
    `configuration_set` names the one whose events come back. `url` empty: the region's own address.
    """

    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    configuration_set: str = ""
    batch: int = 1
    connections: int = 20
    timeout: float = 60.0
    url: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not _REGION.fullmatch(self.region):
            raise SetupError("ses: region must be an AWS region, such as eu-west-1")
        for name in ("access_key_id", "secret_access_key"):
            if not is_token(getattr(self, name)):
                raise SetupError(f"ses: {name} must be that of an IAM user or role")
        if self.session_token and not is_token(self.session_token):
            raise SetupError("ses: session_token is not one")
        if not 1 <= self.batch <= MOST_MESSAGES:
            raise SetupError(f"ses: batch must be from 1 to {MOST_MESSAGES}")

    @property
    def http(self) -> HttpSettings:
        """How the service is reached."""
        url = self.url or f"https://email.{self.region}.amazonaws.com"
        return HttpSettings("ses", url, self.connections, self.timeout, self.ca_file)


class _Destination(msgspec.Struct, omit_defaults=True):
    ToAddresses: list[str]
    BccAddresses: list[str] = []


class _Raw(msgspec.Struct):
    Data: str


class _Content(msgspec.Struct):
    Raw: _Raw


class _Mail(msgspec.Struct, omit_defaults=True):
    Content: _Content
    Destination: _Destination
    EmailTags: list[Tag]
    ConfigurationSetName: str = ""


class _Taken(msgspec.Struct):
    MessageId: str


class _Results(msgspec.Struct):
    BulkEmailEntryResults: list[Result]


class _Refusal(msgspec.Struct):
    kind: str = msgspec.field(name="__type", default="")
    code: str = ""
    message: str = ""
    words: str = msgspec.field(name="Message", default="")  # as services before SES's own code write it


_decode = msgspec.json.Decoder(_Taken).decode
_decode_results = msgspec.json.Decoder(_Results).decode
_decode_refusal = msgspec.json.Decoder(_Refusal).decode


def _now() -> datetime:
    return datetime.now(UTC)


def ses(
    settings: SesSettings, *, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = _now
) -> HttpDeliverer:
    """The provider; `clock`, in seconds, measures its pauses, `now` dates signatures. Raises SetupError."""
    session = HttpSession(settings.http, {"Accept": "application/json"})
    capabilities = Capabilities(
        channel="email",
        connections=settings.connections,
        takes="mime" if settings.batch == 1 else "both",
        most_recipients=MOST_RECIPIENTS,
        refused_files=refused_files.SES,
    )
    return HttpDeliverer("ses", capabilities, session, SesDialect(settings, now), clock)


class SesDialect(SingleDialect):
    """See `http_delivery.Dialect`."""

    def __init__(self, settings: SesSettings, now: Callable[[], datetime] = _now) -> None:
        super().__init__(settings.http.at("/v2/email/outbound-emails"))
        self.many = settings.http.at("/v2/email/outbound-bulk-emails")
        self.most_messages = settings.batch
        self._credentials = Credentials(settings.access_key_id, settings.secret_access_key, settings.session_token)
        self._region = settings.region
        self._set = settings.configuration_set
        self._now = now

    def batch(self) -> BulkBatch:
        """See `Dialect.batch`."""
        return BulkBatch(self._set)

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers:  # noqa: ARG002
        """The signature of this very body."""
        return signed(
            self._credentials,
            region=self._region,
            service="ses",
            method="POST",
            url=self.many if many else self.single,
            headers=(("Content-Type", "application/json"),),
            body=body,
            at=self._now(),
        )

    def encode(self, message: EmailMessage) -> bytes:
        """See `Dialect.encode`."""
        if not message.content:
            raise TypeError("the message was made in parts, not as bytes")
        mail = _Mail(
            Content=_Content(_Raw(b64encode(message.content).decode())),
            Destination=_Destination([message.recipient], list(message.copies)),
            EmailTags=[Tag("delivery_id", message.delivery_id)],
            ConfigurationSetName=self._set,
        )
        return written(mail, "SES", MOST_BYTES)

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:
        """See `Dialect.read`."""
        if answer.status == 200 and many:
            return _results(answer, count)
        if answer.status == 200:
            try:
                return Reading([printable(f"200 {_decode(answer.body).MessageId}")])
            except UNREADABLE:
                return Reading([Unknown(f"unintelligible answer: {answer.words}")], doubtful=True)
        reading = _refusal(answer, count)
        return again_alone(reading) if many else reading


def _results(answer: Answer, count: int) -> Reading:
    """Of each message of a call its own result, in their order."""
    try:
        results = _decode_results(answer.body).BulkEmailEntryResults
    except UNREADABLE:
        return Reading([Unknown(f"unintelligible answer: {answer.words}")] * count, doubtful=True)
    if len(results) != count:  # then nobody knows whose result is whose
        words = printable(f"{len(results)} results for {count} messages: {answer.words}")
        return Reading([Unknown(words)] * count, doubtful=True)
    found = [end_of(result) for result in results]
    ends = [end for end, _ in found]
    return Reading(
        ends,
        next((pause for _, pause in found if pause is not None), None),
        doubtful=any(isinstance(end, Unknown) for end in ends),
        apart=any(result.Status in ALONE for result in results),
    )


def _refusal(answer: Answer, count: int) -> Reading:
    kind, said = _error(answer)
    words = printable(f"{answer.status} {kind} {said}") if kind else answer.words
    if kind in NOT_ALLOWED or said.startswith("Daily message quota"):
        return paused(count, words, answer.retry_after or SET_UP_SECONDS)
    if kind in SENDER_UNKNOWN or (kind == "MessageRejected" and "not verified" in said):
        return refused(count, Permanent(words, "sender_refused"))
    if kind == "MessageRejected":
        return refused(count, Permanent(words, "refused"))
    if kind == "TooManyRequestsException" or "Throttling" in kind:
        return paused(count, words, answer.retry_after)
    return usual(answer, count)


def _error(answer: Answer) -> tuple[str, str]:
    """The name of an error, which a header or the body has (``namespace#Name:address``), and its words.

    Read as botocore does (`parsers.RestJSONParser`).
    """
    try:
        said = _decode_refusal(answer.body)
    except UNREADABLE:
        said = _Refusal()
    kind = answer.headers.get("x-amzn-errortype") or said.code or said.kind
    return kind.partition(":")[0].rpartition("#")[2], said.message or said.words
