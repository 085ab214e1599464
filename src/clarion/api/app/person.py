# SPDX-License-Identifier: Apache-2.0
"""What one person got, and how they are subscribed (contract §7.1, §7.10)."""

from typing import Any

from starlette.responses import Response

from clarion.api.app import messages
from clarion.api.app.people import named, only
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference.person import MESSAGES, PREFERENCES, RELATIONSHIPS
from clarion.domain.deliveries import public_id
from clarion.domain.people import is_unsubscribed
from clarion.store import merging, person_deliveries
from clarion.store.engine import Transaction

_FOREVER = 2**40


async def messages_of(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/messages`; those of people who were merged into this one too."""
    reference, after = named(call), messages.key_from_start(call)
    limit = call.query_number("limit", messages.DEFAULT_LIMIT, low=1, high=messages.MAX_LIMIT)
    from_s = call.query_number("start_ts", 0, high=_FOREVER)
    to_s = call.query_number("end_ts", _FOREVER, high=_FOREVER)

    def read(tx: Transaction) -> dict[str, Any]:
        person = only(tx, call.workspace, reference)
        numbers = [person.person_id, *merging.merged(tx, person.person_id)]
        page = person_deliveries.page(
            tx,
            call.workspace,
            numbers,
            after=after,
            most=limit,
            from_ms=from_s * 1_000,
            to_ms=to_s * 1_000 + 999,
        )
        return {
            "messages": messages.shapes(tx, call.api, page.items, tracked=False),
            "next": public_id(page.next, call.api.secret) if page.next else "",
        }

    return answer(await call.api.read(read))


async def preferences(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/subscription_preferences`; there are no topics in this version."""
    reference = named(call)
    person = await call.api.read(lambda tx: only(tx, call.workspace, reference))
    return answer(
        {
            "customer": {
                "id": person.id,
                "identifiers": person.identifiers,
                "unsubscribed": is_unsubscribed(person.attributes),
                "header": "",
                "topics": [],
            }
        }
    )


async def relationships(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/relationships`; there are no objects in this version, so none."""
    reference = named(call)
    await call.api.read(lambda tx: only(tx, call.workspace, reference))
    return answer({"identifiers": [], "cio_relationships": [], "relationships": [], "next": ""})


_ONE = "/v1/customers/{customer_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", f"{_ONE}/messages", messages_of, "app", "app", "The messages of a person", reference=MESSAGES),
    Endpoint(
        "GET",
        f"{_ONE}/subscription_preferences",
        preferences,
        "app",
        "app",
        "How a person is subscribed",
        reference=PREFERENCES,
    ),
    Endpoint(
        "GET", f"{_ONE}/relationships", relationships, "app", "app", "Objects of a person", reference=RELATIONSHIPS
    ),
)
