# SPDX-License-Identifier: Apache-2.0
"""Whom messages come from, and what people subscribe to, as Customer.io shows them (contract §7.7, §7.10)."""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.senders import find, shape, users
from clarion.api.clarion.topics import shape as topic_shape
from clarion.api.reference import subscriptions as reference
from clarion.domain.broadcasts import BroadcastKind
from clarion.domain.errors import MalformedRequest
from clarion.store import senders, topics
from clarion.store.engine import Transaction

_LIMIT, _MOST = 50, 1_000


async def listing(call: Call) -> Response:
    """`GET /v1/sender_identities`; `start` is the last number of the page before."""
    start = call.query_number("start", 0) if call.query("start") else 0
    limit = call.query_number("limit", _LIMIT, low=1, high=_MOST)
    order = call.query("sort", "asc")
    if order not in ("asc", "desc"):
        raise MalformedRequest("must be asc or desc", "/sort")
    hidden = call.query_flag("hidden")
    found = await call.api.read(lambda tx: senders.listing(tx, call.workspace))
    rows = [sender for sender in found if hidden or not sender.hidden]
    if order == "desc":
        rows.reverse()
        rows = [sender for sender in rows if not start or sender.sender_id < start]
    else:
        rows = [sender for sender in rows if sender.sender_id > start]
    following = str(rows[limit - 1].sender_id) if len(rows) > limit else ""
    return answer({"sender_identities": [shape(sender) for sender in rows[:limit]], "next": following})


async def get(call: Call) -> Response:
    """`GET /v1/sender_identities/{sender_id}`."""
    sender_id = call.number("sender_id")
    return answer({"sender_identity": shape(await call.api.read(lambda tx: find(tx, call.workspace, sender_id)))})


async def used_by(call: Call) -> Response:
    """`GET /v1/sender_identities/{sender_id}/used_by`."""
    sender_id = call.number("sender_id")

    def read(tx: Transaction) -> list[int]:
        find(tx, call.workspace, sender_id)
        found = users(tx, call.workspace, sender_id)
        return sorted(one.broadcast_id for one in found if one.kind is BroadcastKind.BROADCAST)

    campaigns = await call.api.read(read)
    return answer({"used_by": {"campaigns": campaigns, "sent_newsletters": [], "draft_newsletters": []}})


async def list_topics(call: Call) -> Response:
    """`GET /v1/subscription_topics`."""
    found = await call.api.read(lambda tx: topics.listing(tx, call.workspace))
    return answer({"topics": [topic_shape(topic) for topic in found]})


_ALL = "/v1/sender_identities"
_ONE = f"{_ALL}/{{sender_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ALL, listing, "app", "app", "Sender identities", reference=reference.SENDERS),
    Endpoint("GET", _ONE, get, "app", "app", "One sender identity", reference=reference.SENDER),
    Endpoint("GET", f"{_ONE}/used_by", used_by, "app", "app", "What an identity sends", reference=reference.USED_BY),
    Endpoint(
        "GET",
        "/v1/subscription_topics",
        list_topics,
        "app",
        "app",
        "Topics to subscribe to",
        reference=reference.TOPICS,
    ),
)
