# SPDX-License-Identifier: Apache-2.0
"""The workspace of a key, and what surrounds it: addresses, channels (contract §7.10, §7.12)."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference.person import CHANNELS, IP_ADDRESSES, WORKSPACES
from clarion.store import access, objects
from clarion.store.engine import Transaction


async def ip_addresses(call: Call) -> Response:
    """`GET /v1/info/ip_addresses`: what the operator's settings say."""
    return answer({"ip_addresses": list(call.api.options.ip_addresses)})


async def workspaces(call: Call) -> Response:
    """`GET /v1/workspaces`: the one that this key opens."""

    def read(tx: Transaction) -> dict[str, Any]:
        sent, people = access.size(tx, call.workspace)
        kinds = objects.types(tx, call.workspace)
        return {
            "id": call.workspace.workspace_id,
            "name": call.workspace.name,
            "messages_sent": sent,
            "billable_messages_sent": sent,
            "people": people,
            "object_types": len(kinds),
            "objects": sum(count for _, count in kinds),
        }

    async with call.api.searches:
        return answer({"workspaces": [await call.api.read(read)]})


async def channels(call: Call) -> Response:  # noqa: ARG001 - as above
    """`GET /v1/subscription_channels`: nothing is set of channels; people refuse them one by one."""
    return answer({"channels": []})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/info/ip_addresses",
        ip_addresses,
        "app",
        "app",
        "The addresses that messages come from",
        reference=IP_ADDRESSES,
    ),
    Endpoint("GET", "/v1/workspaces", workspaces, "app", "app", "The workspace of this key", reference=WORKSPACES),
    Endpoint(
        "GET",
        "/v1/subscription_channels",
        channels,
        "app",
        "app",
        "Channels to subscribe to: none",
        reference=CHANNELS,
    ),
)
