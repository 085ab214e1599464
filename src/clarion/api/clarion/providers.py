# SPDX-License-Identifier: Apache-2.0
"""By which providers messages go, as the settings say: to look at, without secrets."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import providers as reference
from clarion.channels.registry import Sending


def _shape(found: Sending) -> dict[str, Any]:
    return {
        "channel": found.capabilities.channel,
        "provider": found.provider,
        "captures": found.provider == "outbox",
        "connections": found.capabilities.connections,
        "refuses_repeats": found.capabilities.recognises_repeats,
        "amp": found.capabilities.amp,
        "most_recipients": found.capabilities.most_recipients,
        "settings": [
            {"name": one.name, "value": one.value, "secret": one.value is None, "given": one.given}
            for one in found.settings
        ],
        "others": list(found.others),
    }


async def listing(call: Call) -> Response:
    """`GET /providers`."""
    options = call.api.options
    shown = [_shape(one) for one in options.sending]
    return answer({"providers": shown, "base_url": options.base_url, "ip_addresses": list(options.ip_addresses)})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/clarion/v1/providers",
        listing,
        "manage",
        "app",
        "By which providers messages go",
        reference=reference.PROVIDERS,
    ),
)
