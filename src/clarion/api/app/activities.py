# SPDX-License-Identifier: Apache-2.0
"""What happened to people in the last 30 days (contract §7.1).

Attributes, devices, events and merges stand in a journal. What became of messages is read from the ledger, of one
person at a time: in the list of everybody it is left out, since an index by time is more than each account should pay.
"""

from hashlib import blake2s
from typing import Any

from starlette.responses import Response

from clarion.api.app import messages
from clarion.api.app.people import named, only
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.identifiers import id_type
from clarion.api.reference import activities as reference
from clarion.domain.deliveries import State, public_id
from clarion.domain.errors import MalformedRequest
from clarion.domain.metrics import Metric, moments
from clarion.domain.people import Reference
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.ulids import moment_of, ulid_floor, ulid_of
from clarion.store import activities, broadcasts, feedback, merging, people, person_deliveries
from clarion.store.activities import Activity
from clarion.store.deliveries import Listed
from clarion.store.engine import Transaction

_LIMIT, _MOST = 10, 100
_MESSAGES = 1_000  # of a person, the newest
# Customer.io's activities of e-mails; which of them people and machines did is told by metrics.
_TOLD = frozenset({
    "drafted", "attempted", "sent", "delivered", "opened", "clicked", "converted", "bounced", "deferred", "dropped",
    "failed", "undeliverable", "unsubscribed", "suppressed", "spammed", "topic_unsubscribed",
})  # fmt: skip


def _before(call: Call) -> str:
    token = call.query("start")
    if token and moment_of(token) is None:
        raise MalformedRequest("is not the next of an earlier page", "/start")
    return token or "Z"


async def listing(call: Call) -> Response:
    """`GET /v1/activities`; with `customer_id` those of one person."""
    before, limit = _before(call), call.query_number("limit", _LIMIT, low=1, high=_MOST)
    deleted = call.query_flag("deleted")
    if customer := call.query("customer_id"):
        return await _of_person(call, Reference(id_type(call), customer), before, limit)
    kind, name = call.query("type"), call.query("name")

    def read(tx: Transaction) -> dict[str, Any]:
        found = activities.of_workspace(
            tx, call.workspace, before=before, most=limit, kind=kind, name=name, deleted=deleted
        )
        return {"activities": _shapes(tx, found.items), "next": found.next}

    return answer(await call.api.read(read))


async def of_person(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/activities`."""
    limit = call.query_number("limit", _LIMIT, low=1, high=_MOST)
    return await _of_person(call, named(call), _before(call), limit)


async def _of_person(call: Call, who: Reference, before: str, limit: int) -> Response:
    kind, name = call.query("type"), call.query("name")

    def read(tx: Transaction) -> dict[str, Any]:
        person = only(tx, call.workspace, who)
        numbers = [person.person_id, *merging.merged(tx, person.person_id)]
        found = activities.of_people(tx, numbers, before=before, most=limit + 1, kind=kind, name=name)
        oldest = ulid_floor(tx.now_ms() - activities.KEPT_MS)
        found += [
            one
            for one in _of_messages(tx, call, numbers)
            if oldest <= one.id < before and kind in ("", one.kind) and not name
        ]
        found.sort(key=lambda one: one.id, reverse=True)
        following = found[limit - 1].id if len(found) > limit else ""
        return {"activities": _shapes(tx, found[:limit]), "next": following}

    return answer(await call.api.read(read))


def _of_messages(tx: Transaction, call: Call, numbers: list[int]) -> list[Activity]:
    """What became of the person's messages: how each stands, and what was heard of it."""
    # Older messages too: what is heard of them may be of today.
    page = person_deliveries.page(tx, call.workspace, numbers, after=None, most=_MESSAGES, from_ms=0, to_ms=2**62)
    heard = feedback.of_many(tx, [item.key for item in page.items])
    channels = broadcasts.kinds_of_actions(tx, {item.key.action_id for item in page.items})
    return [
        one
        for item in page.items
        for one in _of_message(
            call, item, heard.get(item.key, {}), numbers[0], channels.get(item.key.action_id, "email")
        )
    ]


def _of_message(call: Call, item: Listed, heard: dict[Metric, int], person_id: int, channel: str) -> list[Activity]:
    row, public = item.row, public_id(item.key, call.api.secret)
    moved = {name: row[name] for name in ("created_ms", "attempted_ms", "settled_ms")}
    times = moments(State(row["state"]), row["reason"], **moved, heard=heard)
    return [
        Activity(
            ulid_of(at_ms, blake2s(f"{public}{word}".encode(), digest_size=10).digest()),
            person_id,
            f"{word}_{'action' if channel in PERSON_ACTIONS else channel}",
            "",
            {"delivery_id": public, word: at_ms // 1_000},
        )
        for word, at_ms in times.items()
        if word in _TOLD
    ]


def _shapes(tx: Transaction, found: "list[Activity] | tuple[Activity, ...]") -> list[dict[str, Any]]:
    known = people.identifiers(tx, {one.person_id for one in found})
    shapes = []
    for one in found:
        who = known.get(one.person_id)
        shape: dict[str, Any] = {
            "id": one.id,
            "type": one.kind,
            "timestamp": (moment_of(one.id) or 0) // 1_000,
            "customer_id": who.id if who else None,
            "customer_identifiers": messages.identifiers(one.person_id, who),
            "delivery_id": one.data.get("delivery_id"),
            "delivery_type": "email" if "delivery_id" in one.data and one.kind.endswith("_email") else None,
            "data": one.data,
        }
        if one.name:
            shape["name"] = one.name
        shapes.append(shape)
    return shapes


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/v1/activities", listing, "app", "app", "What happened to people", reference=reference.ACTIVITIES),
    Endpoint(
        "GET",
        "/v1/customers/{customer_id}/activities",
        of_person,
        "app",
        "app",
        "What happened to one person",
        reference=reference.OF_PERSON,
    ),
)
