# SPDX-License-Identifier: Apache-2.0
"""Where snippets are used, so that whoever changes one knows what it changes."""

from typing import Any

from starlette.responses import Response

from clarion.api.app.snippets import places, uses
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import layouts as reference
from clarion.store import snippets
from clarion.store.engine import Transaction


async def listing(call: Call) -> Response:
    """`GET /snippet_uses`: every snippet, and what mentions it."""

    def read(tx: Transaction) -> list[dict[str, Any]]:
        everywhere = places(tx, call.workspace)
        return [
            {
                "name": snippet.name,
                "used_by": [
                    {"kind": one.kind, "id": one.number, "name": one.name} for one in uses(snippet.name, everywhere)
                ],
            }
            for snippet in snippets.listing(tx, call.workspace)
        ]

    return answer({"snippets": await call.api.read(read)})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/clarion/v1/snippet_uses",
        listing,
        "manage",
        "app",
        "Where snippets are used",
        reference=reference.SNIPPET_USES,
    ),
)
