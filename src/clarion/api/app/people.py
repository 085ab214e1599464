# SPDX-License-Identifier: Apache-2.0
"""People as the App API shows them: lists, attributes, segments (contract §7.1)."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.identifiers import id_type, ids_of, next_after, shown, start_after
from clarion.api.reference import people as reference
from clarion.domain.audience import Filter, parse, predicate, size
from clarion.domain.audience import segment_ids as segments_named
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound
from clarion.domain.people import (
    Device,
    IdKind,
    Person,
    Reference,
    attribute_changed,
    attribute_text,
    is_unsubscribed,
    view,
)
from clarion.domain.roles import Need
from clarion.store import audience, people, segments
from clarion.store.access import Workspace
from clarion.store.audience import Candidate
from clarion.store.engine import Transaction

DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000
MAX_ATTRIBUTE_IDS = 100
_SCANNED = 1_000  # people per query
_DECISIONS = 1_000_000  # people times conditions per call: about a second


async def by_email(call: Call) -> Response:
    """`GET /v1/customers?email=`."""
    email = call.query("email")
    if not email:
        raise MalformedRequest("is required", "/email")
    reference = Reference(IdKind.EMAIL, email)
    found = await call.api.read(lambda tx: people.find(tx, call.workspace, reference))
    return answer({"results": [person.identifiers for person in found]})


async def search(call: Call) -> Response:
    """`POST /v1/customers?start=&limit=`."""
    after, limit = start_after(call), call.query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    body = await call.json_object()
    if "filter" not in body:
        raise InvalidRequest("is required", "/filter")
    condition = parse(body["filter"], "/filter")

    def work(tx: Transaction) -> tuple[list[Candidate], int | None]:
        for segment_id in segments_named(condition):
            if segments.get(tx, call.workspace, segment_id) is None:
                raise InvalidRequest(f"there is no segment {segment_id}", "/filter")
        return _matching(tx, call.workspace, condition, after, limit)

    async with call.api.searches:
        page, following = await call.api.read(work)
    return answer(
        {
            "identifiers": [shown(one.person_id, one.id, one.email) for one in page],
            "ids": [one.id for one in page if one.id is not None],
            "next": next_after(following),
        }
    )


def _matching(
    tx: Transaction, workspace: Workspace, condition: Filter, after: int, most: int
) -> tuple[list[Candidate], int | None]:
    """Up to `most` people who match, by number, and the number to go on after; None: there are no more.

    One call decides about a bounded number of people, the fewer the larger the filter is: a page before the end
    may be short.
    """
    until = people.last_person(tx, workspace)
    matches = predicate(condition)
    left = max(_SCANNED, _DECISIONS // size(condition))
    found: list[Candidate] = []
    while True:
        page = audience.page(tx, workspace, condition, after=after, until=until, most=_SCANNED)
        for one in page:
            if matches(audience.seen(one), one.segments):
                if len(found) == most:
                    return found, found[-1].person_id
                found.append(one)
        if len(page) < _SCANNED:
            return found, None
        after = page[-1].person_id
        left -= len(page)
        if left <= 0:
            return found, after


async def attributes(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/attributes?id_type=`."""
    reference = named(call)

    def work(tx: Transaction) -> dict[str, Any]:
        return _shape(tx, only(tx, call.workspace, reference))

    return answer(await call.api.read(work))


async def many_attributes(call: Call) -> Response:
    """`POST /v1/customers/attributes`; unknown ids are left out."""
    ids = list(dict.fromkeys(ids_of(await call.json_object(), MAX_ATTRIBUTE_IDS)))

    def work(tx: Transaction) -> list[dict[str, Any]]:
        found = [people.find(tx, call.workspace, _reference(value)) for value in ids]
        return [_shape(tx, person) for some in found for person in some]

    return answer({"customers": await call.api.read(work)})


async def segments_of(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/segments?id_type=`; ids are strings here."""
    reference = named(call)

    def work(tx: Transaction) -> list[tuple[int, str, str]]:
        return segments.of_person(tx, only(tx, call.workspace, reference).person_id)

    found = await call.api.read(work)
    return answer(
        {
            "segments": [
                {"id": str(segment_id), "name": name, "description": description}
                for segment_id, name, description in found
            ]
        }
    )


def _reference(value: str) -> Reference:
    """An item of `ids`: an id, or a cio_id with its prefix (contract §1.7)."""
    return Reference(IdKind.CIO_ID if value.startswith("cio_") else IdKind.ID, value)


def named(call: Call) -> Reference:
    """Whom the path names, by the query's `id_type`."""
    return Reference(id_type(call), call.text("customer_id"))


def only(tx: Transaction, workspace: Workspace, reference: Reference) -> Person:
    """That person.

    Raises:
        NotFound: nobody.
    """
    found = people.find(tx, workspace, reference)
    if not found:
        raise NotFound
    return found[0]


def _shape(tx: Transaction, person: Person) -> dict[str, Any]:
    seen = _texts(view(person))
    return {
        "customer": {
            "id": person.id,
            "identifiers": person.identifiers,
            "attributes": seen,
            "timestamps": {name: attribute_changed(person, name) for name in seen},
            "unsubscribed": is_unsubscribed(person.attributes),
            "devices": [_device_shape(device) for device in people.devices(tx, person.person_id)],
        }
    }


def _texts(values: dict[str, Any]) -> dict[str, str]:
    """Values come back as strings, absent ones not at all (contract §1.7)."""
    return {name: text for name, value in values.items() if (text := attribute_text(value)) is not None}


def _device_shape(device: Device) -> dict[str, Any]:
    return {
        "id": device.token,
        "platform": device.platform,
        "last_used": device.last_used,
        "attributes": _texts(device.attributes),
    }


_ONE = "/v1/customers/{customer_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/customers",
        by_email,
        "app",
        "app",
        "People with an e-mail address",
        reference=reference.BY_EMAIL,
    ),
    Endpoint(
        "POST",
        "/v1/customers",
        search,
        "app",
        "app",
        "People who match a filter",
        reference=reference.SEARCH,
        needs=Need.READ,
    ),
    Endpoint(
        "POST",
        "/v1/customers/attributes",
        many_attributes,
        "app",
        "app",
        "Attributes of several people",
        reference=reference.MANY_ATTRIBUTES,
        needs=Need.READ,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/attributes",
        attributes,
        "app",
        "app",
        "A person's attributes and devices",
        reference=reference.ATTRIBUTES,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/segments",
        segments_of,
        "app",
        "app",
        "The segments a person is in",
        reference=reference.SEGMENTS_OF,
    ),
)
