# SPDX-License-Identifier: Apache-2.0
"""Which server a key belongs to (contract §8)."""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import track as reference


async def region(call: Call) -> Response:
    """`GET /api/v1/accounts/region`; clients try their key with it."""
    options = call.api.options
    return answer({"url": options.base_url, "region": options.region, "environment_id": call.workspace.workspace_id})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/accounts/region",
        region,
        "track",
        "track_v1",
        "The server of a Track API key",
        reference=reference.REGION,
    ),
)
