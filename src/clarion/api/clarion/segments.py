# SPDX-License-Identifier: Apache-2.0
"""Segments with how many people are in each and what names it; data-driven ones are made and changed here."""

import random
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.audiences import check_segments, filter_of
from clarion.api.clarion.fields import Fields
from clarion.api.identifiers import shown
from clarion.api.reference import segments as told
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound, RequestError
from clarion.domain.roles import Need
from clarion.domain.segment_rule_parsing import parse as parse_rule
from clarion.domain.segment_rules import segment_ids as rule_segments
from clarion.domain.segment_sentences import sentence
from clarion.pipeline import membership, segment_defining
from clarion.pipeline.finding import Found, Place, find
from clarion.pipeline.segment_defining import Estimate
from clarion.store import broadcasts, segments, watched_messages
from clarion.store.engine import Transaction
from clarion.store.segments import Change, Segment

_MAX_NAME_BYTES, _MAX_DESCRIPTION_BYTES = 150, 1_000
_MOST_CHANGES = 200
_COUNT_SECONDS = 1.5
_FILLED_AT_ONCE, _FILL_SECONDS = 5_000, 1.5


class _Seen:
    """What answers tell of segments beside themselves."""

    def __init__(self, tx: Transaction, call: Call) -> None:
        self.now_ms = tx.now_ms()
        self.users = _users(tx, call)
        self.dependents = segment_defining.dependents(tx, call.workspace)
        self.broadcasts = watched_messages.names(tx, call.workspace)
        self.names = {one.segment_id: one.name for one in segments.listing(tx, call.workspace)}

    def shape(self, segment: Segment) -> dict[str, Any]:
        """As it is shown."""
        users = self.users.get(segment.segment_id, [])
        dependents = [
            {"id": number, "name": self.names.get(number, "")} for number in self.dependents.get(segment.segment_id, ())
        ]
        rule = parse_rule(segment.conditions) if segment.conditions is not None else None
        return {
            **_shape(segment, users, self.now_ms),
            "used_by_segments": dependents,
            "sentence": sentence(rule, self.names, self.broadcasts) if rule is not None else "",
        }


def _shape(segment: Segment, users: list[dict[str, Any]], now_ms: int) -> dict[str, Any]:
    return {
        "id": segment.segment_id,
        "name": segment.name,
        "description": segment.description,
        "type": segment.kind,
        "people": segment.size,
        "counted_at": now_ms // 1_000,  # a size moves in the transaction of its memberships: it is always today's
        "created_at": segment.created_ms // 1_000,
        "changed_at": segment.updated_ms // 1_000,
        "used_by": users,
        "conditions": segment.conditions,
        "state": "finished" if segment.progress == 1.0 else "building",
        "progress": round(segment.progress, 3),
    }


def _users(tx: Transaction, call: Call) -> dict[int, list[dict[str, Any]]]:
    """By segment, the broadcasts that name it, and in which places."""
    found: dict[int, list[dict[str, Any]]] = {}
    for one in broadcasts.naming_segments(tx, call.workspace):
        for segment_id, places in one.places.items():
            found.setdefault(segment_id, []).append({"id": one.broadcast_id, "name": one.name, "places": places})
    return found


async def listing(call: Call) -> Response:
    """`GET /segments`."""

    def read(tx: Transaction) -> list[dict[str, Any]]:
        seen = _Seen(tx, call)
        return [seen.shape(one) for one in segments.listing(tx, call.workspace)]

    return answer({"segments": await call.api.read(read)})


def _one(tx: Transaction, call: Call) -> dict[str, Any]:
    segment = segments.get(tx, call.workspace, call.number("segment_id"))
    if segment is None:
        raise NotFound
    return _Seen(tx, call).shape(segment)


async def get(call: Call) -> Response:
    """`GET /segments/{segment_id}`."""
    return answer({"segment": await call.api.read(lambda tx: _one(tx, call))})


async def create(call: Call) -> Response:
    """`POST /segments {name, description?, conditions}`: a data-driven one, to be built."""
    fields = Fields(await call.json_object())
    fields.only(("name", "description", "conditions"))
    name = fields.text("name", "", _MAX_NAME_BYTES, blank="name" not in fields.value)
    if "name" not in fields.value:
        fields.fault("is required", "name")
    description = fields.text("description", "", _MAX_DESCRIPTION_BYTES)
    conditions = _conditions(fields)
    fields.refuse()

    def work(tx: Transaction) -> dict[str, Any]:
        made = segment_defining.create(tx, call.workspace, name.strip(), description, conditions)
        return _Seen(tx, call).shape(made)

    return answer({"segment": await call.api.write(work)})


def _conditions(fields: Fields) -> dict[str, Any]:
    """As they came; what is wrong with them is gathered with the other faults."""
    value = fields.value.get("conditions")
    try:
        parse_rule(value)
    except InvalidRequest as error:
        fields.problems.extend(error.problems)
    return value if isinstance(value, dict) else {}


async def delete(call: Call) -> Response:
    """`DELETE /segments/{segment_id}`: of either type; one that something names stays."""
    segment_id = call.number("segment_id")

    def work(tx: Transaction) -> None:
        if not segments.lock(tx, call.workspace, segment_id):
            raise NotFound
        segment_defining.refuse_in_use(tx, call.workspace, segment_id)
        segments.delete(tx, call.workspace, segment_id)

    await call.api.write(work)
    return nothing()


async def rebuild(call: Call) -> Response:
    """`POST /segments/{segment_id}/rebuild`: everybody is decided about anew."""
    segment_id = call.number("segment_id")

    def work(tx: Transaction) -> dict[str, Any]:
        before = segments.get(tx, call.workspace, segment_id)
        if before is None:
            raise NotFound
        segment_defining.change(tx, call.workspace, segment_id, before.conditions)
        return _one(tx, call)

    return answer({"segment": await call.api.write(work)})


async def count(call: Call) -> Response:
    """`POST /segments/count {conditions}`: how many people they would find, and what they say."""
    fields = Fields(await call.json_object())
    fields.only(("conditions",))
    conditions = _conditions(fields)
    fields.refuse()
    rule, dice = parse_rule(conditions), random.SystemRandom()

    def work(tx: Transaction) -> tuple[Estimate, str]:
        names = {one.segment_id: one.name for one in segments.listing(tx, call.workspace)}
        for segment_id in sorted(rule_segments(rule) - names.keys()):
            raise InvalidRequest(f"there is no segment {segment_id}", "/conditions")
        called = segment_defining.refuse_unknown_broadcasts(tx, call.workspace, rule)
        found = segment_defining.estimate(tx, call.workspace, rule, seconds=_COUNT_SECONDS, dice=dice)
        return found, sentence(rule, names, called)

    async with call.api.searches:
        found, words = await call.api.read(work)
    return answer({"people": found.people, "exact": found.exact, "sentence": words})


async def change(call: Call) -> Response:
    """`PATCH /segments/{segment_id} {name?, description?, conditions?}`: other conditions are built anew."""
    segment_id, fields = call.number("segment_id"), Fields(await call.json_object())
    fields.only(("name", "description", "conditions"))
    conditions = _conditions(fields) if "conditions" in fields.value else None

    def work(tx: Transaction) -> dict[str, Any]:
        before = segments.get(tx, call.workspace, segment_id)
        if before is None:
            raise NotFound
        name = fields.text("name", before.name, _MAX_NAME_BYTES, blank=False)
        description = fields.text("description", before.description, _MAX_DESCRIPTION_BYTES)
        fields.refuse()
        segments.rename(tx, call.workspace, segment_id, name.strip(), description)
        if conditions is not None:
            segment_defining.change(tx, call.workspace, segment_id, conditions)
        return _one(tx, call)

    return answer({"segment": await call.api.write(work)})


async def fill(call: Call) -> Response:
    """`POST /segments/{segment_id}/fill {filter, start?}`: puts in who matches now, so many as a call bears.

    A part is put in by one transaction. Who dies or gives up in between has put in those before, and the same calls
    anew put in the rest: who is in already is not put in twice.
    """
    segment_id, fields = call.number("segment_id"), Fields(await call.json_object())
    fields.only(("filter", "start"))
    token = fields.text("start", "", _MAX_NAME_BYTES)
    if not isinstance(fields.value.get("filter"), dict):
        fields.fault("must be a filter object; {} means everybody", "filter")
    fields.refuse()
    start = Place.of_token(token) if token else None
    if token and start is None:
        raise InvalidRequest("is not the next of an earlier call", "/start")
    condition = filter_of(fields)

    def look(tx: Transaction) -> Found:
        segment = segments.get(tx, call.workspace, segment_id)
        if segment is None:
            raise NotFound
        if segment.conditions is not None:
            raise RequestError("the segment is data-driven: people come into it by its conditions")
        check_segments(tx, call, condition)
        return find(tx, call.workspace, "", condition, start, _FILLED_AT_ONCE, seconds=_FILL_SECONDS)

    async with call.api.searches:
        found = await call.api.read(look)

    def work(tx: Transaction) -> int:
        numbers = [person.person_id for person in found.people]
        return membership.change(tx, call.workspace, segment_id, numbers, add=True)

    added = await call.api.write(work)
    return answer(
        {
            "matching": len(found.people),
            "added": added,
            "looked_through": round(found.share, 3),
            "next": found.next.token if found.next else "",
        }
    )


async def changes(call: Call) -> Response:
    """`GET /segments/{segment_id}/changes?start=&limit=`."""
    segment_id, before = call.number("segment_id"), _before(call.query("start"))
    most = call.query_number("limit", 50, low=1, high=_MOST_CHANGES)

    def read(tx: Transaction) -> list[Change]:
        if segments.get(tx, call.workspace, segment_id) is None:
            raise NotFound
        return segments.changes(tx, segment_id, before, most + 1)

    found = await call.api.read(read)
    page = found[:most]
    return answer(
        {
            "changes": [
                {
                    "at": one.at_ms // 1_000,
                    "change": "entered" if one.entered else "left",
                    "person": shown(one.person.person_id, one.person.id, one.person.email),
                }
                for one in page
            ],
            "next": f"{page[-1].at_ms}-{page[-1].person.person_id}" if len(found) > most else "",
        }
    )


def _before(token: str) -> tuple[int, int]:
    """The moment and the person of it where an earlier page ended.

    Raises:
        MalformedRequest: a token that no page ever carried.
    """
    if not token:
        return 2**62, 0
    at, _, person = token.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (at, person)):
        raise MalformedRequest("is not the next of an earlier page", "/start")
    return int(at), int(person)


_ALL = "/api/clarion/v1/segments"
_ONE = f"{_ALL}/{{segment_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ALL, listing, "manage", "app", "Segments with their sizes and uses", reference=told.LIST),
    Endpoint("GET", _ONE, get, "manage", "app", "A segment with its size and uses", reference=told.ONE),
    Endpoint("POST", f"{_ONE}/fill", fill, "manage", "app", "Put in who matches a filter", reference=told.FILL),
    Endpoint("POST", _ALL, create, "manage", "app", "Make a data-driven segment", reference=told.CREATE),
    Endpoint(
        "POST",
        f"{_ALL}/count",
        count,
        "manage",
        "app",
        "How many people conditions would find",
        reference=told.COUNT,
        needs=Need.READ,
    ),
    Endpoint("PATCH", _ONE, change, "manage", "app", "Change a segment's name or conditions", reference=told.CHANGE),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Delete a segment that nothing uses", reference=told.DELETED),
    Endpoint("POST", f"{_ONE}/rebuild", rebuild, "manage", "app", "Decide about everybody anew", reference=told.ONE),
    Endpoint(
        "GET", f"{_ONE}/changes", changes, "manage", "app", "Who came into a segment and left", reference=told.CHANGES
    ),
)
