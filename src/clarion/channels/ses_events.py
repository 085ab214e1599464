# SPDX-License-Identifier: Apache-2.0
"""What Amazon SES tells of messages through an SNS topic, one event in a message, perhaps of several recipients.

Written after docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html. The delivery id is in
the tags, which come with events of a configuration set, not with an identity's feedback notifications.
"""

from collections.abc import Iterator, Sequence

import msgspec
import structlog

from clarion.channels.hook import (
    Hook,
    Incoming,
    UnreadableError,
    address_of,
    decoded,
    href_of,
    ms_of,
    read_as,
    status_of,
    words_of,
)
from clarion.channels.sns import Fetch, Sns
from clarion.domain.metrics import Metric
from clarion.domain.provider_events import ProviderEvent
from clarion.domain.suppressions import EspKind

_log = structlog.get_logger("clarion.hooks")
_ON_A_LIST = frozenset({"Suppressed", "OnAccountSuppressionList"})


class _Recipient(msgspec.Struct, rename="camel"):
    email_address: str = ""
    status: str | None = None
    diagnostic_code: str | None = None


class _Mail(msgspec.Struct, rename="camel"):
    tags: dict[str, list[str]] = {}
    timestamp: str = ""


class _Said(msgspec.Struct, rename="camel"):
    """Of any event: what it is about is in one field of these names, each with some of these fields."""

    timestamp: str = ""
    bounce_type: str = ""
    bounce_sub_type: str = ""
    complaint_sub_type: str | None = None
    complaint_feedback_type: str | None = None
    bounced_recipients: list[_Recipient] = []
    complained_recipients: list[_Recipient] = []
    delayed_recipients: list[_Recipient] = []
    recipients: list[str] = []
    smtp_response: str | None = None
    delay_type: str | None = None
    reason: str | None = None
    link: str | None = None
    error_message: str | None = None
    new_topic_preferences: dict[str, object] | None = None


_FIELDS = {
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Delivery": "delivery",
    "DeliveryDelay": "deliveryDelay",
    "Reject": "reject",
    "Rendering Failure": "failure",
    "Open": "open",
    "Click": "click",
    "Subscription": "subscription",
}
_METRICS = {
    "Delivery": Metric.DELIVERED,
    "DeliveryDelay": Metric.DEFERRED,
    "Reject": Metric.DROPPED,
    "Rendering Failure": Metric.DROPPED,  # of a call with several messages, taken and not sent
    "Open": Metric.OPENED,
    "Click": Metric.CLICKED,
}


def ses_hook(topic: str, fetch: Fetch) -> Hook:
    """`topic`: the ARN of the only topic that is listened to, "" for any that knows the URL."""
    sns = Sns(topic, fetch)

    async def read(incoming: Incoming) -> Sequence[ProviderEvent]:
        message = await sns.read(incoming.body)
        if message.kind != "Notification":
            _log.info("hook.subscription", kind=message.kind, topic=message.topic)
            return ()
        try:
            told = decoded(message.text)
        except UnreadableError:
            return ()  # such as what SES says when it is pointed at a topic
        return list(_events(told, message.message_id)) if isinstance(told, dict) else ()

    return read


def _events(told: dict[str, object], message_id: str) -> Iterator[ProviderEvent]:
    kind = told.get("eventType") or told.get("notificationType")
    mail = read_as(_Mail, told.get("mail"))
    said = read_as(_Said, told.get(_FIELDS.get(str(kind), "")))
    ids = mail.tags.get("delivery_id") if mail is not None else None
    if mail is None or said is None or not ids:
        return
    metric, soft, suppressed = _meaning(str(kind), said)
    if metric is None:
        return
    whom = [*said.bounced_recipients, *said.complained_recipients, *said.delayed_recipients]
    whom += [_Recipient(address) for address in said.recipients]
    for one in whom or [_Recipient()]:
        yield ProviderEvent(
            ids[0],
            f"{message_id}:{one.email_address}",
            metric,
            ms_of(said.timestamp) or ms_of(mail.timestamp),
            address_of(one.email_address),
            words_of(
                one.diagnostic_code,
                said.smtp_response,
                said.reason,
                said.error_message,
                said.delay_type,
                said.bounce_sub_type,
            ),
            status_of(one.diagnostic_code, said.smtp_response),
            href_of(said.link),
            soft=soft,
            kind=suppressed,
        )


def _meaning(kind: str, said: _Said) -> tuple[Metric | None, bool, EspKind | None]:
    """The metric, whether it is a soft bounce, and for what SES itself keeps the address from getting mail."""
    if kind == "Bounce":
        if said.bounce_sub_type in _ON_A_LIST:
            return Metric.DROPPED, False, EspKind.BOUNCES
        return Metric.BOUNCED, said.bounce_type != "Permanent", None
    if kind == "Complaint":
        if said.complaint_sub_type in _ON_A_LIST:
            return Metric.DROPPED, False, EspKind.SPAM_REPORTS
        # A report that takes one back comes as a complaint, too.
        return (None if said.complaint_feedback_type == "not-spam" else Metric.SPAMMED), False, None
    if kind == "Subscription":
        leaves = (said.new_topic_preferences or {}).get("unsubscribeAll") is True
        return (Metric.UNSUBSCRIBED if leaves else None), False, None
    return _METRICS.get(kind), False, None
