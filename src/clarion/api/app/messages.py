# SPDX-License-Identifier: Apache-2.0
"""Messages (deliveries): lists and one of them (contract §5.5, §5.6, §7.4).

A rendered text is not stored, so `subject` is shown only where it holds no Liquid.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any

from starlette.responses import Response

from clarion.api.app import archive, associations
from clarion.api.calls import Api, Call, Endpoint, answer
from clarion.api.reference import messages as reference
from clarion.domain.broadcasts import BroadcastKind, FrozenContent
from clarion.domain.channels import KIND_OF, TYPE_OF
from clarion.domain.deliveries import DeliveryKey, Reason, State, failure_message, key_of, public_id
from clarion.domain.errors import MalformedRequest, NotFound
from clarion.domain.metrics import Metric, moments
from clarion.domain.people import cio_id
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.transactional import Override
from clarion.store import deliveries, feedback, ledger, overrides, people, triggers
from clarion.store.deliveries import ALL_STATES, Listed, Page, Wanted
from clarion.store.engine import Transaction
from clarion.store.people import Identifiers

DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000
TYPES = frozenset({
    "email", "webhook", "twilio", "whatsapp", "slack", "push", "in_app", "inbox_message", "live_notification",
    "urban_airship", *PERSON_ACTIONS,
})  # fmt: skip
OFFERED_KINDS = frozenset({"", *KIND_OF})
METRICS: dict[str, frozenset[State]] = {
    "created": ALL_STATES,
    "attempted": ALL_STATES,
    "sent": frozenset({State.SENT}),
    "failed": frozenset({State.FAILED}),
    "drafted": frozenset({State.DRAFTED}),
    "undeliverable": frozenset({State.SKIPPED, State.STOPPED}),
}
# What is heard after a message left, by the names that a list may ask for.
HEARD = {
    metric.value: metric
    for metric in (
        Metric.DELIVERED, Metric.OPENED, Metric.CLICKED, Metric.CONVERTED, Metric.BOUNCED, Metric.DROPPED,
        Metric.DEFERRED, Metric.SPAMMED, Metric.SUPPRESSED, Metric.UNSUBSCRIBED, Metric.TOPIC_UNSUBSCRIBED,
        Metric.HUMAN_OPENED, Metric.PREFETCH_OPENED, Metric.HUMAN_CLICKED,
    )
} | {"prefetch_clicked": Metric.MACHINE_CLICKED}  # fmt: skip
# What was found out before a message left counts too (contract §11).
OR_REASON = dict.fromkeys(("dropped", "suppressed"), Reason.ESP_SUPPRESSED.value)
_STATES: dict[str, frozenset[State]] = {
    "sent": frozenset({State.SENT}),
    "failed": frozenset({State.FAILED}),
    "drafted": frozenset({State.DRAFTED}),
    "attempted": frozenset({State.QUEUED, State.IN_DOUBT}),
}
# Parents that are no broadcasts: nothing here belongs to one.
_OTHER_PARENTS = ("newsletter_id",)
# A message is the one of its action: as these show it (`msg_template_id`), and as a list may ask for it.
_ACTIONS = ("action_id", "content_id", "template_id")


class Drafts(Enum):
    """What a list does with drafts: has them among the rest; shows only them when asked; shows them too when asked."""

    AMONG = auto()
    APART = auto()
    BESIDE = auto()


def key_from_start(call: Call) -> DeliveryKey | None:
    """Where a list goes on: the `next` of the page before.

    Raises:
        MalformedRequest: a token that no page ever carried.
    """
    token = call.query("start")
    if not token:
        return None
    key = key_of(token, call.api.secret)
    if key is None:
        raise MalformedRequest("is not the next of an earlier page", "/start")
    return key


def wanted_of(call: Call, broadcast_id: int, trigger_id: int, *, drafts: Drafts) -> Wanted | None:
    """The query's conditions; None when nothing can meet them.

    Raises:
        MalformedRequest: an unknown type, metric or state, or a number that is none.
    """
    states, attempted, heard, or_reason = ALL_STATES, False, "", ""
    kind = _known(call, "type", TYPES)
    if metric := _known(call, "metric", METRICS.keys() | HEARD):
        states &= METRICS.get(metric, ALL_STATES)
        attempted |= metric == "attempted"
        heard = HEARD[metric].value if metric in HEARD else ""
        or_reason = OR_REASON.get(metric, "")
    if state := _known(call, "state", _STATES):
        states &= _STATES[state]
        attempted |= state == "attempted"
    asked = call.query_flag("drafts")
    if asked and drafts is not Drafts.BESIDE:
        states &= {State.DRAFTED}
    elif not asked and drafts is not Drafts.AMONG and "drafted" not in {metric, state}:
        states -= {State.DRAFTED}
    actions = {number for name in _ACTIONS if (number := call.query_number(name, 0, low=1))}
    if kind not in OFFERED_KINDS or not states or len(actions) > 1 or any(call.query(name) for name in _OTHER_PARENTS):
        return None
    return Wanted(
        broadcast_id,
        trigger_id,
        min(actions, default=0),
        states,
        attempted,
        call.query_number("start_ts", 0, high=2**40) * 1_000,
        call.query_number("end_ts", 2**40, high=2**40) * 1_000 + 999,
        heard,
        or_reason=or_reason,
        kind=KIND_OF.get(kind, ""),
        without=Reason.CONDITION.value,  # no message was ever meant for them
    )


def _known(call: Call, name: str, known: Iterable[str]) -> str:
    value = call.query(name)
    if value and value not in known:
        raise MalformedRequest(f"must be one of {', '.join(sorted(known))}", f"/{name}")
    return value


async def listed(call: Call, broadcast_id: int = 0, trigger_id: int = 0, *, drafts: Drafts = Drafts.AMONG) -> Response:
    """A page of messages of the workspace, a broadcast or a trigger, by the query's conditions."""
    limit = call.query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    tracked, associated = call.query_flag("get_tracked_responses"), call.query_flag("associations")
    after = key_from_start(call)
    wanted = wanted_of(call, broadcast_id, trigger_id, drafts=drafts)

    def read(tx: Transaction) -> dict[str, Any]:
        page = Page((), None)
        if wanted is not None:
            page = deliveries.page(tx, call.workspace, wanted, after=after, most=limit)
        return {
            "messages": shapes(tx, call.api, page.items, tracked=tracked),
            "next": public_id(page.next, call.api.secret) if page.next else "",
            **(associations.of_many(tx, call.workspace, page.items) if associated else {}),
        }

    return answer(await call.api.read(read))


def shapes(tx: Transaction, api: Api, items: Iterable[Listed], *, tracked: bool) -> list[dict[str, Any]]:
    """Accounts as contract §5.6 shows them."""
    items = list(items)
    known = people.identifiers(tx, {int(item.row["person_id"]) for item in items})
    heard = feedback.of_many(tx, [item.key for item in items])
    contents = {each: triggers.content(tx, each) for each in {item.content_hash for item in items}}
    single = {item.key.trigger_id for item in items if contents[item.content_hash].kind is not BroadcastKind.BROADCAST}
    said = overrides.of_many(tx, single) if single else {}
    return [
        _shape(
            item,
            public_id(item.key, api.secret),
            known.get(int(item.row["person_id"])),
            _subject(contents[item.content_hash], item.key, said.get(item.key.trigger_id)),
            heard.get(item.key, {}),
            contents[item.content_hash].kind,
            type_=_type(contents[item.content_hash], item.key),
            tracked=tracked,
        )
        for item in items
    ]


def _type(content: FrozenContent, key: DeliveryKey) -> str:
    return next((TYPE_OF[action.kind] for action in content.actions if action.action_id == key.action_id), "email")


def _subject(content: FrozenContent, key: DeliveryKey, said: Override | None) -> str | None:
    """Where it is the same for everybody: a rendered one is not stored."""
    return (said.applied(content) if said is not None else content).common_subject(key.action_id)


def _shape(
    item: Listed,
    public: str,
    who: Identifiers | None,
    subject: str | None,
    heard: Mapping[Metric, int],
    kind: BroadcastKind,
    *,
    type_: str,
    tracked: bool,
) -> dict[str, Any]:
    row, state = item.row, State(item.row["state"])
    updated_ms = max(ms for ms in (row["created_ms"], row["attempted_ms"], row["settled_ms"]) if ms is not None)
    action_id = item.key.action_id
    shape: dict[str, Any] = {
        "id": public,
        "deduplicate_id": f"{public}:{seconds(updated_ms)}",
        "type": type_,
        "customer_id": who.id if who else None,
        "customer_identifiers": identifiers(int(row["person_id"]), who),
        "recipient": row["recipient"] or (who.email if who and type_ == "email" else None) or "",
        "subject": subject,
        "created": seconds(row["created_ms"]),
        "metrics": _metrics(item, state, heard),
        "failure_message": failure_message(state, row["reason"], row["words"]),
        "newsletter_id": None,
        "broadcast_id": item.broadcast_id if kind is BroadcastKind.BROADCAST else None,
        "transactional_message_id": item.broadcast_id if kind is BroadcastKind.TRANSACTIONAL else None,
        "campaign_id": None,
        "content_id": None,
        "action_id": action_id,
        "parent_action_id": None,
        "trigger_event_id": None,
        "msg_template_id": action_id,
        "message_template_id": action_id,
        "forgotten": who is None,
        "clarion": {
            "state": state.word,
            "reason": row["reason"],
            "trigger_id": item.key.trigger_id,
            "attempts": int(row["attempts"]),
            "next_attempt_at": next_attempt_at(state, row["due_ms"]),
        },
    }
    if tracked:
        shape["tracked_responses"] = {}
    return shape


def seconds(ms: int | None) -> int | None:
    """Milliseconds as Unix seconds."""
    return None if ms is None else int(ms) // 1_000


def identifiers(person_id: int, who: Identifiers | None) -> dict[str, str | None]:
    """The names of a person; of one who is gone only the cio_id."""
    return {"email": who.email if who else None, "id": who.id if who else None, "cio_id": cio_id(person_id)}


def next_attempt_at(state: State, due_ms: int) -> int | None:
    """When a retry is due, Unix seconds; None when none is planned."""
    return seconds(due_ms) if state is State.QUEUED and due_ms else None


def _metrics(item: Listed, state: State, heard: Mapping[Metric, int]) -> dict[str, int]:
    row = item.row
    times = {name: row[name] for name in ("created_ms", "attempted_ms", "settled_ms")}
    return {name: ms // 1_000 for name, ms in moments(state, row["reason"], **times, heard=heard).items()}


async def list_messages(call: Call) -> Response:
    """`GET /v1/messages`."""
    broadcast_id = call.query_number("campaign_id", 0, low=1) or call.query_number("transactional_id", 0, low=1)
    trigger_id = call.query_number("trigger_id", 0, low=1)
    if trigger_id and not broadcast_id:
        raise MalformedRequest("needs campaign_id beside it", "/trigger_id")
    return await listed(call, broadcast_id, trigger_id, drafts=Drafts.APART)


async def get_message(call: Call) -> Response:
    """`GET /v1/messages/{id}`; with `archived_message` also what it said."""
    key = key_of(call.text("delivery_id"), call.api.secret)
    if key is None:
        raise NotFound
    tracked, associated = call.query_flag("get_tracked_responses"), call.query_flag("associations")

    def read(tx: Transaction) -> dict[str, Any] | None:
        row = ledger.get(tx, key)
        if row is None or row["workspace_id"] != call.workspace.workspace_id:
            return None
        item = Listed(row, int(row["broadcast_id"]), str(row["content_hash"]))
        (message,) = shapes(tx, call.api, [item], tracked=tracked)
        return {"message": message, **(associations.of_one(tx, call.workspace, item) if associated else {})}

    found = await call.api.read(read)
    if found is None:
        raise NotFound
    if call.query_flag("archived_message"):
        row = await call.api.read(lambda tx: ledger.get(tx, key))
        found["message"]["archived_message"] = await archive.said(call, key, row) if row is not None else None
    return answer(found)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/messages",
        list_messages,
        "app",
        "app",
        "Messages, newest trigger first",
        reference=reference.MESSAGES,
    ),
    Endpoint(
        "GET",
        "/v1/messages/{delivery_id}",
        get_message,
        "app",
        "app",
        "One message",
        reference=reference.MESSAGE,
    ),
)
