# SPDX-License-Identifier: Apache-2.0
"""By which providers and accounts messages go, without secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion import accounts
from clarion.api.clarion.fields import Fields
from clarion.api.reference import providers as reference
from clarion.channels.public_addresses import may_be_public
from clarion.channels.registry import Sending
from clarion.domain.domain_limits import parse_domain
from clarion.domain.errors import InvalidRequest
from clarion.domain.provider_events import hook_url
from clarion.domain.roles import Need
from clarion.store import domain_limits, mailboxes
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
    shown, domains = await call.api.read(
        lambda tx: (_shapes(tx, options.sending), _domains(tx, options.per_domain)),
    )
    found = {
        "providers": shown,
        "per_domain": domains,
        "base_url": options.base_url,
        "ip_addresses": list(options.ip_addresses),
        "bounce_mailbox": await _bounce_mailbox(call),
    }
    return answer(found)


def _domains(tx: Transaction, given: Mapping[str, float]) -> list[dict[str, Any]]:
    """The limits of recipients' domains, those of the settings first."""
    changed = domain_limits.changed(tx)
    return [
        {
            "domain": name,
            "per_second": changed.get(name, given.get(name, 0.0)),
            "changed": name in changed,
            "settings": given.get(name),
        }
        for name in dict.fromkeys((*given, *changed))
    ]


async def limit_domain(call: Call) -> Response:
    """`PUT /providers/domains/{domain}`."""
    fields = Fields(await call.json_object())
    fields.only(("per_second",))
    if "per_second" not in fields.value:
        fields.fault("is missing", "per_second")
    most = accounts.per_second_of(fields)
    domain = ""
    try:
        domain = parse_domain(call.text("domain"))
    except ValueError as error:
        fields.fault(f"must be {error}", "domain")
    fields.refuse()
    given = call.api.options.per_domain

    def work(tx: Transaction) -> list[dict[str, Any]]:
        accounts.check_owner(tx, call)
        before = domain_limits.changed(tx)
        if most is not None and domain not in before and len(before) >= _MOST_DOMAINS:
            raise InvalidRequest(f"there are {_MOST_DOMAINS} domains with limits: remove one first", "/domain")
        # No limit where the settings have none either is no change.
        domain_limits.change(tx, domain, None if most == 0 and domain not in given else most)
        return _domains(tx, given)

    return answer({"per_domain": await call.api.write(work)})


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
    return answer({"hooks": shown, "reachable": may_be_public(options.base_url)})


_MOST_DOMAINS = 200

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
        "PUT",
        "/api/clarion/v1/providers/domains/{domain}",
        limit_domain,
        "manage",
        "app",
        "Limit e-mails a second to a domain of recipients",
        reference=reference.LIMIT_DOMAIN,
        needs=Need.OWN,
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
