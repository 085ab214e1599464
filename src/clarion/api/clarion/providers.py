# SPDX-License-Identifier: Apache-2.0
"""By which providers and accounts messages go, without secrets."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion import accounts
from clarion.api.reference import providers as reference
from clarion.channels.registry import Sending
from clarion.domain.provider_events import hook_url
from clarion.domain.roles import Need
from clarion.store import mailboxes
from clarion.store.engine import Transaction


def _shape(tx: Transaction, found: Sending, place: int) -> tuple[int, dict[str, Any]]:
    rank, account = accounts.shape(tx, found, place)
    return rank, {
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
        **account,
    }


def _shapes(tx: Transaction, sending: Sequence[Sending]) -> list[dict[str, Any]]:
    """Each channel's accounts in the order in which they are asked."""
    channels = list(dict.fromkeys(one.capabilities.channel for one in sending))
    found: list[dict[str, Any]] = []
    for channel in channels:
        mine = [one for one in sending if one.capabilities.channel == channel]
        ranked = [_shape(tx, one, place) for place, one in enumerate(mine, start=1)]
        found += [shown for _, shown in sorted(ranked, key=lambda pair: pair[0])]
    return found


async def listing(call: Call) -> Response:
    """`GET /providers`."""
    options = call.api.options
    shown = await call.api.read(lambda tx: _shapes(tx, options.sending))
    found = {
        "providers": shown,
        "per_domain": [{"domain": name, "per_second": most} for name, most in options.per_domain.items()],
        "base_url": options.base_url,
        "ip_addresses": list(options.ip_addresses),
        "bounce_mailbox": await _bounce_mailbox(call),
    }
    return answer(found)


async def _bounce_mailbox(call: Call) -> dict[str, Any] | None:
    name = call.api.options.bounce_mailbox
    if not name:
        return None
    found = await call.api.read(lambda tx: mailboxes.reading(tx, name)) or mailboxes.Reading(None, None, None, 0)
    return {
        "name": name,
        "read_at": seconds(found.read_ms),
        "failed_at": seconds(found.failed_ms),
        "failure": found.failure,
        "messages": found.messages,
    }


async def hooks(call: Call) -> Response:
    """`GET /providers/hooks`: who knows such a URL may tell us things, so it is not for everybody who looks."""
    options, secret = call.api.options, call.api.secret
    shown = [
        {"provider": name, "url": hook_url(options.base_url, name, secret), "ready": ready}
        for name, ready in options.listening
    ]
    return answer({"hooks": shown})


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
    Endpoint(
        "GET",
        "/api/clarion/v1/providers/hooks",
        hooks,
        "manage",
        "app",
        "Where providers tell what became of messages",
        reference=reference.HOOKS,
        needs=Need.OWN,
    ),
)
