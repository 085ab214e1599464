# SPDX-License-Identifier: Apache-2.0
"""What one person got, and how they are subscribed (contract §7.1, §7.10)."""

import time
from typing import Any

from starlette.responses import Response

from clarion.api.app import messages
from clarion.api.app.people import named, only
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import subscriptions
from clarion.api.reference.person import MESSAGES, PREFERENCES
from clarion.domain.deliveries import Reason, public_id
from clarion.domain.links import center_token as center_token_of
from clarion.domain.people import is_unsubscribed
from clarion.domain.topics import accepted
from clarion.store import merging, person_deliveries, topics
from clarion.store.engine import Transaction

_FOREVER = 2**40
_TOKEN_SECONDS = 30 * 86_400


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
            without=Reason.CONDITION.value,
        )
        return {
            "messages": messages.shapes(tx, call.api, page.items, tracked=False),
            "next": public_id(page.next, call.api.secret) if page.next else "",
        }

    return answer(await call.api.read(read))


async def preferences(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/subscription_preferences`, in the language that is asked for."""
    reference = named(call)
    asked = call.query("language")
    wanted = [asked] if asked else accepted(call.request.headers.get("accept-language", ""))
    person, known = await call.api.read(
        lambda tx: (only(tx, call.workspace, reference), topics.listing(tx, call.workspace))
    )
    return answer(
        {
            "customer": {
                "id": person.id,
                "identifiers": person.identifiers,
                "unsubscribed": is_unsubscribed(person.attributes),
                "header": "",
                "topics": [
                    {
                        "id": topic.topic_id,
                        "identifier": topic.identifier,
                        "name": topic.text(wanted).name,
                        "description": topic.text(wanted).description,
                        "subscribed": topic.is_wanted_by(person.attributes),
                    }
                    for topic in known
                ],
            }
        }
    )


async def center_token(call: Call) -> Response:
    """`GET /v1/subscription_center/{customer_id}/token`: opens the page of preferences for 30 days."""
    reference = named(call)
    person = await call.api.read(lambda tx: only(tx, call.workspace, reference))
    token = center_token_of(person.person_id, int(time.time()) + _TOKEN_SECONDS, call.api.secret)
    return answer({"token": token, "url": f"{call.api.options.base_url}/preferences/{token}"})


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
        "GET",
        "/v1/subscription_center/{customer_id}/token",
        center_token,
        "app",
        "app",
        "A token for a person's page of preferences",
        reference=subscriptions.CENTER_TOKEN,
    ),
)
