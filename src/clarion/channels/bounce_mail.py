# SPDX-License-Identifier: Apache-2.0
"""What a mail to the bounce address tells of messages: delivery reports, their older forms, complaints.

Reports after RFC 3464 (and 6533) and complaints after RFC 5965 by the standard library; what mail servers say in
words of their own by flufl.bounce, the detectors of Mailman. Which message it is about is known only by an id that
this installation signed: in the address that the report came to, in the message that it returns, or anywhere in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from email import message_from_bytes, message_from_string
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import blake2s
from itertools import islice

from flufl.bounce import all_failures

from clarion.channels.bounce_status import is_soft
from clarion.channels.hook import address_of, ms_of, status_of, words_of
from clarion.domain.bounce_addresses import bounced
from clarion.domain.metrics import Metric
from clarion.domain.provider_events import ProviderEvent

IsOurs = Callable[[str], bool]
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ARRIVED_AT = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_SENT_FROM = ("Original-Mail-From", "Return-Path", "X-Envelope-From")
_CANDIDATE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])")
_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_CODED = re.compile(r"(?<![\d.])[45]\d\d[ -]")  # of SMTP
_MOST_CANDIDATES = 1_000
_MOST_PARTS = 100
_MOST_RECIPIENTS = 100
_METRICS = {"failed": Metric.BOUNCED, "delayed": Metric.DEFERRED, "delivered": Metric.DELIVERED}
_COMPLAINTS = {"opt-out": Metric.UNSUBSCRIBED, "opt-out-list": Metric.UNSUBSCRIBED, "not-spam": None}


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of one recipient. `metric` None: nothing that counts. `code`: an enhanced status (RFC 3463)."""

    metric: Metric | None
    recipient: str = ""
    words: str = ""
    code: str = ""
    at: str = ""


def read(raw: bytes, is_ours: IsOurs) -> Sequence[ProviderEvent] | None:
    """The events that a mail tells; None when it is no report and no complaint.

    None of them, too, when it is one of no message of ours. `is_ours`: whether an id is a delivery's.
    """
    mail = message_from_bytes(raw)
    parts = list(islice(mail.walk(), _MOST_PARTS))
    told = _complaint(parts) or _report(parts) or _in_words(mail, raw)
    if not told:
        return None
    found = _whose(mail, parts, is_ours)
    if found is None:
        return ()
    delivery_id, alone = found
    name = blake2s(raw, digest_size=12).hexdigest()
    return [_event(delivery_id, f"{name}:{n}", one, mail, alone=alone) for n, one in enumerate(told) if one.metric]


def _event(delivery_id: str, event_id: str, told: _Told, mail: Message, *, alone: bool) -> ProviderEvent:
    if told.metric is None:
        raise AssertionError(told)
    status = status_of(told.words) or told.code
    return ProviderEvent(
        delivery_id,
        event_id,
        told.metric,
        _ms(told.at) or _ms(mail.get("Date", "")),
        # A message to one person alone is theirs, wherever it was forwarded to.
        "" if alone else told.recipient,
        told.words,
        status,
        soft=told.metric is Metric.BOUNCED and is_soft(told.code or _in_text(told.words), status),
    )


# -- what is said --------------------------------------------------------------------------------------------


def _report(parts: Sequence[Message]) -> list[_Told]:
    """Of a delivery status notification, a block of fields for each recipient."""
    found: list[_Told] = []
    for part in parts:  # Exim has its own refusals in the text for people only
        if part.get_content_type() in _REPORTS:
            _, *blocks = _blocks(part) or [Message()]
            found += (_of_recipient(block, _said(parts)) for block in blocks[:_MOST_RECIPIENTS])
    return found


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    inner = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    rest = inner[0].get_payload() if len(inner) == 1 else None
    if isinstance(rest, str):  # the library knows no such type: it took the first block for a message's headers
        inner += (message_from_string(one) for one in re.split(r"\r?\n[ \t]*\r?\n", rest.strip()))
    return [one for one in inner if one.keys()]


def _said(parts: Sequence[Message]) -> str:
    """The line with a code in what a report says to people."""
    for part in parts:
        if part.get_content_type() == "text/plain":
            raw = part.get_payload(decode=True)
            text = raw[:20_000].decode("utf-8", "replace") if isinstance(raw, bytes) else ""
            return next((line for line in text.splitlines() if _CODED.search(line)), "")
    return ""


def _of_recipient(block: Message, said: str) -> _Told:
    action = _text(block, "Action").lower().partition(" ")[0]
    code = _in_text(_text(block, "Status"))
    words = _after_type(_text(block, "Diagnostic-Code")) or said or _text(block, "Status")
    if code.endswith(".0.0"):  # says no more than the action; what the other server said may
        code = _in_text(words) or code
    return _Told(
        _METRICS.get(action),
        address_of(_after_type(_text(block, "Original-Recipient") or _text(block, "Final-Recipient"))),
        words_of(words),
        code,
        _text(block, "Last-Attempt-Date"),
    )


def _complaint(parts: Sequence[Message]) -> list[_Told]:
    """Of a feedback report: a person pressed "this is spam", or a mail service says so."""
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            (fields, *_) = _blocks(part) or [Message()]
            kind = _text(fields, "Feedback-Type").lower()
            metric = _COMPLAINTS.get(kind, Metric.SPAMMED)
            words = words_of(f"a complaint of {_text(fields, 'Source-IP') or 'a mail service'}: {kind or 'abuse'}")
            return [
                _Told(metric, address_of(_text(fields, "Original-Rcpt-To")), words, at=_text(fields, "Arrival-Date"))
            ]
    return []


def _in_words(mail: Message, raw: bytes) -> list[_Told]:
    """Of a mail in one of the many forms that are older than the standard, or ignore it."""
    back = address_of(_text(mail, "Return-Path")).lower()
    if back and not back.startswith(("mailer-daemon@", "postmaster@")):
        return []  # somebody's own letter, whatever words are in it: notices have no return path (RFC 5321 §4.5.5)
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 - detectors read what anybody may send; what breaks them is no report
        return []
    text = raw[:20_000].decode("utf-8", "replace")
    code = _in_text(text)
    words = words_of(_line_with(code, text))
    late = [_Told(Metric.DEFERRED, _address(one), words, code) for one in sorted(temporary)]
    return late + [_Told(Metric.BOUNCED, _address(one), words, code) for one in sorted(permanent)]


def _line_with(code: str, text: str) -> str:
    return next((line for line in text.splitlines() if code and code in line), "the mail came back")


def _address(found: bytes) -> str:
    return address_of(found.decode("utf-8", "replace"))


# -- which message -------------------------------------------------------------------------------------------


def _whose(mail: Message, parts: Sequence[Message], is_ours: IsOurs) -> tuple[str, bool] | None:
    """The delivery id, and whether the message is known to have gone to one person only."""
    for address in _addresses(mail, parts):
        found = bounced(address)
        if found is not None and is_ours(found[0]):
            return found[0], not found[1]
    candidates = (match[0] for text in _texts(parts) for match in _CANDIDATE.finditer(text))
    return next(((one, False) for one in islice(candidates, _MOST_CANDIDATES) if is_ours(one)), None)


def _addresses(mail: Message, parts: Sequence[Message]) -> Iterator[str]:
    texts = [str(value) for name in _ARRIVED_AT for value in mail.get_all(name, ())]
    for part in parts:
        fields = _blocks(part)[:1] if part.get_content_type() == "message/feedback-report" else [part]
        texts += (str(value) for one in fields for name in _SENT_FROM for value in one.get_all(name, ()))
    return (address for _, address in getaddresses(texts))


def _texts(parts: Sequence[Message]) -> Iterator[str]:
    """Where an id may stand: in the Message-ID of what is returned, then anywhere."""
    yield from (_text(part, "Message-ID") for part in parts)
    for part in parts:
        yield from (str(value) for value in part.values())
        raw = None if part.is_multipart() else part.get_payload(decode=True)
        if isinstance(raw, bytes):
            yield raw.decode("utf-8", "replace")


# -- values --------------------------------------------------------------------------------------------------


def _text(block: Message, name: str) -> str:
    return str(block.get(name, "")).strip()


def _after_type(value: str) -> str:
    """``rfc822; a@b`` without its type."""
    kind, semicolon, rest = value.partition(";")
    return (rest if semicolon and " " not in kind.strip() else value).strip()


def _in_text(text: str) -> str:
    """The first enhanced status in a text, "" for none."""
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def _ms(date: str) -> int | None:
    try:
        moment = parsedate_to_datetime(str(date))
    except (ValueError, IndexError, OverflowError):
        return None
    return ms_of((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat())
