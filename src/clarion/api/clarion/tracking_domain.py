# SPDX-License-Identifier: Apache-2.0
"""The workspace's own domain for the links in its messages."""

from functools import partial
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.fields import Fields
from clarion.api.reference import tracking_domain as reference
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.roles import Need
from clarion.domain.tracking_domains import PROOF_PATH, host_of, named_by, parse
from clarion.pipeline import domain_checks
from clarion.store import tracking_domains


async def _shown(call: Call) -> Response:
    found = await call.api.read(lambda tx: tracking_domains.of_workspace(tx, call.workspace.workspace_id))
    base_url = call.api.options.base_url
    shape: dict[str, Any] | None = None
    if found is not None:
        shape = {
            "url": found.url,
            "used": found.used,
            "verified_at": seconds(found.verified_ms),
            "checked_at": seconds(found.checked_ms),
            "failure": found.failure,
            "cname": host_of(base_url).partition(":")[0],
        }
    return answer({"tracking_domain": shape, "base_url": base_url})


async def get_domain(call: Call) -> Response:
    """`GET /workspace/tracking_domain`."""
    return await _shown(call)


async def put_domain(call: Call) -> Response:
    """`PUT /workspace/tracking_domain`: it is looked at at once, and used as soon as it leads here."""
    fields = Fields(await call.json_object())
    fields.only(("url",))
    fields.refuse()
    url = parse(fields.value.get("url"), call.api.options.base_url)
    if host_of(url) == named_by(call.request.headers.get("host", "")):  # it would serve links alone, and for good
        raise InvalidRequest("is where you are now: page and API would not be reached there any more", "/url")
    await call.api.write(lambda tx: tracking_domains.put(tx, call.workspace.workspace_id, url))
    if call.api.options.fetch is not None:
        await _look(call, url)
    return await _shown(call)


async def delete_domain(call: Call) -> Response:
    """`DELETE /workspace/tracking_domain`: links that are out already go on working."""
    await call.api.write(lambda tx: tracking_domains.put(tx, call.workspace.workspace_id, None))
    return await _shown(call)


async def check_domain(call: Call) -> Response:
    """`POST /workspace/tracking_domain/check`."""
    found = await call.api.read(lambda tx: tracking_domains.of_workspace(tx, call.workspace.workspace_id))
    if found is None:
        raise NotFound
    await _look(call, found.url)
    return await _shown(call)


async def _look(call: Call, url: str) -> None:
    fetch = call.api.options.fetch
    if fetch is None:
        raise InvalidRequest(f"nothing is fetched here, so {url}{PROOF_PATH} cannot be looked at", "/url")

    async def content(address: str, most_bytes: int) -> bytes:
        return (await fetch(address, most_bytes)).content

    await domain_checks.look(call.api.store, call.workspace.workspace_id, url, content, call.api.secret)


_PATH = "/api/clarion/v1/workspace/tracking_domain"
_endpoint = partial(Endpoint, family="app", reference=reference.DOMAIN)

ENDPOINTS: tuple[Endpoint, ...] = (
    _endpoint("GET", _PATH, get_domain, "manage", summary="By which domain links in messages lead here"),
    _endpoint(
        "PUT",
        _PATH,
        put_domain,
        "manage",
        summary="Have links lead here by a domain of the workspace's own",
        reference=reference.PUT,
        needs=Need.OWN,
    ),
    _endpoint(
        "DELETE",
        _PATH,
        delete_domain,
        "manage",
        summary="Have links lead here by the installation's address",
        needs=Need.OWN,
    ),
    _endpoint(
        "POST", f"{_PATH}/check", check_domain, "manage", summary="Look whether the domain leads here", needs=Need.OWN
    ),
)
