# SPDX-License-Identifier: Apache-2.0
"""Looking at an audience before anything is sent to it, and at people while one types. Nothing changes."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, Handler, answer
from clarion.api.clarion.fields import Fields
from clarion.api.identifiers import identifier
from clarion.api.reference import audiences as told
from clarion.api.schemas import Reference as Told
from clarion.domain import audience
from clarion.domain.audience import Everybody, Filter
from clarion.domain.broadcasts import Action
from clarion.domain.deliveries import Reason
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound
from clarion.domain.explanation import Explained
from clarion.domain.people import IdKind, Person, Reference, attribute_text, is_unsubscribed, view
from clarion.domain.person_names import is_name
from clarion.domain.roles import Need
from clarion.pipeline import forecast
from clarion.pipeline.accept import parse_condition
from clarion.pipeline.finding import Found, Place, find
from clarion.pipeline.forecast import Forecast
from clarion.pipeline.terms import PLAIN, REASONS
from clarion.store import broadcasts, people, segments, topics
from clarion.store.engine import Transaction

_COUNT_SECONDS = 1.5
_SEARCH_SECONDS = 1.0
_MOST_SAMPLED = 25
_MOST_SHOWN = 200
_SHOWN_ATTRIBUTES = 12


def filter_of(fields: Fields, name: str = "filter") -> Filter:
    """The filter of a body; absent or {} means everybody.

    Raises:
        InvalidRequest: it breaks the grammar; the pointer leads to the place.
    """
    value = fields.value.get(name)
    return audience.parse(value, f"/{name}") if value else Everybody()


def check_segments(tx: Transaction, call: Call, condition: Filter, pointer: str = "/filter") -> None:
    """Raises InvalidRequest when a filter names a segment that is not there."""
    for segment_id in sorted(audience.segment_ids(condition)):
        if segments.get(tx, call.workspace, segment_id) is None:
            raise InvalidRequest(f"there is no segment {segment_id}", pointer)


def person_shape(person: Person, most: int | None = None) -> dict[str, Any]:
    """Somebody in a list: identifiers and attributes as texts, of many the names and the first ones."""
    texts = {name: text for name, value in view(person).items() if (text := attribute_text(value)) is not None}
    for name in ("id", "email", "cio_id"):
        texts.pop(name, None)
    shown = texts
    if most is not None:
        shown = dict(sorted(texts.items(), key=lambda item: not is_name(item[0]))[:most])
    return {
        **person.identifiers,
        "unsubscribed": is_unsubscribed(person.attributes),
        "created_at": person.created_ms // 1_000,
        "attributes": shown,
    }


def reference_of(fields: Fields) -> Reference:
    """Whom a body names: one of `id`, `email` and `cio_id`.

    Raises:
        InvalidRequest: none of them, or several.
    """
    kinds = [kind for kind in IdKind if fields.value.get(kind.value) is not None]
    if len(kinds) != 1:
        raise InvalidRequest("exactly one of id, email and cio_id is required", fields.pointer)
    name = kinds[0].value
    return Reference(kinds[0], identifier(fields.value[name], f"{fields.pointer}/{name}"))


def one_person(tx: Transaction, call: Call, reference: Reference) -> Person:
    """That person.

    Raises:
        NotFound: there is none.
    """
    found = people.find(tx, call.workspace, reference)
    if not found:
        raise NotFound(f"there is nobody with {reference.kind.value} {reference.value[:100]!r}")
    return found[0]


def reach_shape(found: Forecast, actions: Sequence[Action]) -> dict[str, Any]:
    """Whom a filter reaches: who matches, who of them gets anything, why the others do not; action by action."""
    known = {action.action_id: action for action in actions}
    sent = [(known[one.action_id], one) for one in found.messages if one.action_id in known]
    return {
        "people": found.people,
        "exact": found.exact,
        "will_get": found.will_get,
        "left_out": _by_reason(found.left_out),
        "messages": sum(one.will_get for _, one in sent),
        "actions": [
            {
                "id": action.action_id,
                "name": action.name,
                "kind": action.kind,
                "will_get": one.will_get,
                "left_out": _by_reason(one.left_out),
            }
            for action, one in sent
        ],
    }


def _by_reason(left_out: Mapping[Reason, int]) -> dict[str, int]:
    return {reason.value: left_out.get(reason, 0) for reason in REASONS}


async def count(call: Call) -> Response:
    """`POST /audience/count {filter, broadcast_id?, topic_id?}`."""
    fields = Fields(await call.json_object())
    fields.only(("filter", "broadcast_id", "topic_id"))
    condition = filter_of(fields)
    broadcast_id, topic_id = fields.number("broadcast_id", None) or 0, fields.number("topic_id", None) or 0
    fields.refuse()

    def work(tx: Transaction) -> tuple[Forecast, Sequence[Action]]:
        wanted, terms = condition, PLAIN
        actions: Sequence[Action] = ()
        if broadcast_id:
            broadcast = broadcasts.get(tx, call.workspace, broadcast_id)
            if broadcast is None:
                raise InvalidRequest(f"there is no broadcast {broadcast_id}", "/broadcast_id")
            terms = forecast.terms_of(tx, call.workspace, broadcast)
            actions = broadcast.actions
            if "filter" not in fields.value:
                wanted = parse_condition(broadcast.recipients)
        if topic_id:
            topic = topics.get(tx, call.workspace, topic_id)
            if topic is None:
                raise InvalidRequest(f"there is no topic {topic_id}", "/topic_id")
            terms = replace(terms, topic=topic)
        check_segments(tx, call, wanted)
        return forecast.count(tx, call.workspace, wanted, terms, seconds=_COUNT_SECONDS), actions

    async with call.api.searches:
        found, actions = await call.api.read(work)
    return answer(reach_shape(found, actions))


async def sample(call: Call) -> Response:
    """`POST /audience/sample {filter, limit?}`: some of those who match, from here and there."""
    fields = Fields(await call.json_object())
    fields.only(("filter", "limit"))
    condition = filter_of(fields)
    most = fields.number("limit", 5) or 5
    if most > _MOST_SAMPLED:
        fields.fault(f"must be at most {_MOST_SAMPLED}", "limit")
    fields.refuse()
    dice = random.SystemRandom()

    def work(tx: Transaction) -> list[Person]:
        check_segments(tx, call, condition)
        return forecast.sample(tx, call.workspace, condition, most, dice)

    async with call.api.searches:
        found = await call.api.read(work)
    return answer({"people": [person_shape(person, _SHOWN_ATTRIBUTES) for person in found]})


def _tree(one: Explained) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "words": one.words,
        "matches": one.matches,
        "seen": one.seen,
        "members": [_tree(member) for member in one.members],
    }


async def explain(call: Call) -> Response:
    """`POST /audience/explain {filter, id|email|cio_id}`: why somebody matches, condition by condition."""
    fields = Fields(await call.json_object())
    fields.only(("filter", *(kind.value for kind in IdKind)))
    condition, reference = filter_of(fields), reference_of(fields)

    def work(tx: Transaction) -> tuple[Person, Explained]:
        person = one_person(tx, call, reference)
        return person, forecast.why(tx, call.workspace, condition, person)

    person, tree = await call.api.read(work)
    return answer({"person": person.identifiers, "matches": tree.matches, "why": _tree(tree)})


async def attributes(call: Call) -> Response:
    """`GET /attributes`: those that people have, learned from some hundreds of them within the last minute."""
    found = await call.api.read(lambda tx: call.api.known_attributes.of(tx, call.workspace))
    return answer(
        {
            "learned_at": found.at,
            "attributes": [
                {
                    "name": one.name,
                    "share": round(one.share, 3),
                    "values": [{"value": value, "count": n} for value, n in one.values],
                }
                for one in found.attributes
            ],
        }
    )


async def listing(call: Call) -> Response:
    """`GET /people?search=&filter=&start=&limit=`: who is found by what is typed, newest first; of those who match."""
    token, text = call.query("start"), call.query("search")
    condition, most = _filter_in_query(call), call.query_number("limit", 50, low=1, high=_MOST_SHOWN)
    start = Place.of_token(token) if token else None
    if token and start is None:
        raise MalformedRequest("is not the next of an earlier page", "/start")

    def work(tx: Transaction) -> Found:
        check_segments(tx, call, condition)
        return find(tx, call.workspace, text, condition, start, most, seconds=_SEARCH_SECONDS)

    async with call.api.searches:
        found = await call.api.read(work)
    return answer(
        {
            "people": [person_shape(person, _SHOWN_ATTRIBUTES) for person in found.people],
            "next": found.next.token if found.next else "",
            "stopped": found.stopped,
            "looked_through": round(found.share, 3),
        }
    )


def _filter_in_query(call: Call) -> Filter:
    text = call.query("filter")
    if not text:
        return Everybody()
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MalformedRequest("must be a filter as JSON", "/filter") from None
    return Everybody() if value == {} else audience.parse(value, "/filter")


_ROOT = "/api/clarion/v1"


def _looking(method: str, path: str, handler: Handler, summary: str, reference: Told) -> Endpoint:
    return Endpoint(method, _ROOT + path, handler, "manage", "app", summary, reference=reference, needs=Need.READ)


ENDPOINTS: tuple[Endpoint, ...] = (
    _looking("POST", "/audience/count", count, "How many people a filter reaches", told.COUNT),
    _looking("POST", "/audience/sample", sample, "Some of the people whom a filter reaches", told.SAMPLE),
    _looking("POST", "/audience/explain", explain, "Why somebody matches a filter, or does not", told.EXPLAIN),
    _looking("GET", "/attributes", attributes, "Attributes that people have, and common values", told.ATTRIBUTES),
    _looking("GET", "/people", listing, "People, newest first, or found by what is typed", told.PEOPLE),
)
