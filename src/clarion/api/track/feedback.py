# SPDX-License-Identifier: Apache-2.0
"""Track v1 and v2: what others saw of messages, from apps' push reports to metrics of one's own (contract §8, §8.4)."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.schemas import Reference, integer, one_of, record, text
from clarion.api.track.operations import seconds
from clarion.domain.channels import TYPE_OF
from clarion.domain.deliveries import DeliveryKey, key_of
from clarion.domain.errors import InvalidRequest
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import MAX_VALUE_BYTES
from clarion.pipeline import feedback
from clarion.store import ledger, triggers
from clarion.store.engine import Transaction

# What may be told of a message of each channel (contract §8.4).
ALLOWED = {
    "email": frozenset({"bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"}),
    "webhook": frozenset({"bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"}),
    "in_app": frozenset({"clicked", "converted", "opened"}),
    "inbox_message": frozenset({"clicked", "converted", "opened"}),
    "push": frozenset({"converted", "delivered", "opened"}),
    "slack": frozenset({"clicked", "converted", "delivered", "opened"}),
    "twilio": frozenset({"bounced", "clicked", "delivered", "opened"}),
}
_ANY = frozenset[str]().union(*ALLOWED.values())
METRICS = tuple(sorted(_ANY))
PUSH_EVENTS = ("opened", "converted", "delivered")
_TEXTS = {"recipient": "recipient", "reason": "failure_message", "href": "href", "device_id": "device_id"}


def read(body: dict[str, Any], field: str, known: tuple[str, ...], secret: bytes) -> Feedback:
    """What a call tells of a message; `field` is what its API calls the metric.

    Raises:
        InvalidRequest: naming the field that is missing or wrong.
    """
    delivery_id, word = body.get("delivery_id"), body.get(field)
    if not isinstance(delivery_id, str) or not delivery_id:
        raise InvalidRequest("is required", "/delivery_id")
    if not isinstance(word, str) or word not in known:
        raise InvalidRequest(f"must be one of {', '.join(known)}", f"/{field}")
    detail: dict[str, str] = {}
    for name, ours in _TEXTS.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise InvalidRequest("must be a string", f"/{name}")
        if len(value.encode()) > MAX_VALUE_BYTES:
            raise InvalidRequest(f"is longer than {MAX_VALUE_BYTES} bytes", f"/{name}")
        detail[ours] = value
    at = seconds(body.get("timestamp"), "/timestamp")
    key = key_of(delivery_id, secret) or DeliveryKey(0, 0, 0)  # of no message: taken, and nothing comes of it
    return Feedback(key, Metric(word), None if at is None else at * 1_000, detail)


async def tell(call: Call, heard: Feedback, field: str = "metric") -> Response:
    """Write it down; of a message that is not there, or not this workspace's, nothing comes (contract §8: 200).

    Raises:
        InvalidRequest: a metric that messages of its channel do not have.
    """

    def work(tx: Transaction) -> None:
        account = ledger.get(tx, heard.key)
        if account is None or account["workspace_id"] != call.workspace.workspace_id:
            return
        word = TYPE_OF[triggers.kind_of(tx, heard.key)]
        if heard.metric.value not in ALLOWED.get(word, _ANY):
            raise InvalidRequest(f"is no metric of a message of type {word}", f"/{field}")
        if heard.metric is Metric.CLICKED and (href := heard.detail.get("href")):
            feedback.clicked(tx, heard.key, href, machine=False)
        elif heard.metric is Metric.OPENED:
            feedback.opened(tx, heard.key, machine=False, device=str(heard.detail.get("device_id") or ""))
        else:
            feedback.record(tx, heard)

    await call.api.write(work)
    return answer({})


async def metric(call: Call) -> Response:
    """`POST /api/v1/metrics`."""
    return await tell(call, read(await call.json_object(), "metric", METRICS, call.api.secret))


async def push(call: Call) -> Response:
    """`POST /api/v1/push/events`, in Ruby `POST /push/events`."""
    return await tell(call, read(await call.json_object(), "event", PUSH_EVENTS, call.api.secret), "event")


def from_v2(item: dict[str, Any], secret: bytes) -> Feedback:
    """A v2 operation on a delivery (contract §8.3).

    Raises:
        InvalidRequest: naming the field that is wrong.
    """
    identifiers, attributes = item.get("identifiers"), item.get("attributes")
    if not isinstance(identifiers, dict) or identifiers.keys() != {"id"}:
        raise InvalidRequest("must be an object with the id of a delivery", "/identifiers")
    if attributes is not None and not isinstance(attributes, dict):
        raise InvalidRequest("must be an object", "/attributes")
    if item.get("action") != "event":
        raise InvalidRequest('must be "event"', "/action")
    body = {
        "delivery_id": identifiers["id"],
        "name": item.get("name"),
        "timestamp": item.get("timestamp"),
        "device_id": (attributes or {}).get("device_token"),
    }
    return read(body, "name", PUSH_EVENTS, secret)


_BODY: dict[str, Any] = {
    "delivery_id": text("The message, as answers and webhooks name it."),
    "timestamp": integer("Unix seconds; now unless given.", minimum=0),
}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/v1/metrics",
        metric,
        "track",
        "track_v1",
        "Tell what became of a message",
        reference=Reference(
            body=record(
                **_BODY,
                metric=one_of(*METRICS),
                recipient=text(),
                reason=text("Why it bounced, was dropped or deferred."),
                href=text("The link that was clicked."),
                optional=("timestamp", "recipient", "reason", "href"),
            ),
            body_example={"delivery_id": "RPILAgUBcRhIBqSfeiIwdIYJKxTY", "metric": "delivered"},
            answer={"type": "object", "maxProperties": 0},
            answer_example={},
            errors=(400,),
            contract="§8.4",
        ),
    ),
    Endpoint(
        "POST",
        "/api/v1/push/events",
        push,
        "track",
        "track_v1",
        "Tell what became of a push message",
        aliases=("/push/events",),
        reference=Reference(
            body=record(**_BODY, event=one_of(*PUSH_EVENTS), device_id=text(), optional=("timestamp", "device_id")),
            body_example={"delivery_id": "RPILAgUBcRhIBqSfeiIwdIYJKxTY", "event": "opened", "device_id": "token"},
            answer={"type": "object", "maxProperties": 0},
            answer_example={},
            errors=(400,),
            contract="§8",
        ),
    ),
)
