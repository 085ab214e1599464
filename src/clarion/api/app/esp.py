# SPDX-License-Identifier: Apache-2.0
"""Addresses that get no mail, whoever has them (contract §7.8). The person is not suppressed by it."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.schemas import Reference, array, integer, record, text
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound
from clarion.domain.people import looks_like_email
from clarion.domain.suppressions import EspKind
from clarion.store import esp
from clarion.store.esp import Suppressed

_MAX_EMAIL_BYTES = 254  # RFC 5321, §4.5.3.1.3


def _kind(call: Call) -> EspKind:
    word = call.text("type")
    if word not in set(EspKind):
        raise MalformedRequest(f"must be one of {', '.join(EspKind)}", "/type")
    return EspKind(word)


def _email(call: Call) -> str:
    email = call.text("email").strip()
    if len(email.encode()) > _MAX_EMAIL_BYTES or not looks_like_email(email):
        raise InvalidRequest("is not an e-mail address", "/email")
    return email


def _shape(category: str, found: list[Suppressed]) -> dict[str, Any]:
    return {
        "category": category,
        "suppressions": [
            {"created": one.created_ms // 1_000, "email": one.email, "reason": one.reason, "status": one.status}
            for one in found
        ],
    }


async def search(call: Call) -> Response:
    """`GET /v1/esp/search_suppression/{email}`."""
    email, workspace_id = _email(call), call.workspace.workspace_id
    found = await call.api.read(lambda tx: esp.of_address(tx, workspace_id, email))
    return answer(_shape(found[0].kind.category if found else "", found))


async def listing(call: Call) -> Response:
    """`GET /v1/esp/suppression/{type}` and `GET /v1/esp/domains/{domain}/suppression/{type}`."""
    kind, workspace_id = _kind(call), call.workspace.workspace_id
    limit = call.query_number("limit", 100, low=1, high=1_000)
    by_path = "domain" in call.request.path_params
    domain = call.text("domain") if by_path else call.query("domain")
    offset = call.query_number("start" if by_path else "offset", 0, high=2**40)
    email = call.query("email")
    found = await call.api.read(
        lambda tx: esp.of_kind(tx, workspace_id, kind, email=email, domain=domain, most=limit, offset=offset)
    )
    return answer(_shape(kind.category, found))


async def suppress(call: Call) -> Response:
    """`POST /v1/esp/suppression/{type}/{email}`; 200 too when it was suppressed before."""
    kind, email, workspace_id = _kind(call), _email(call), call.workspace.workspace_id
    reason = f"suppressed by {call.by or 'a call'}"
    await call.api.write(lambda tx: esp.suppress(tx, workspace_id, kind, email, reason=reason))
    return answer({})


async def unsuppress(call: Call) -> Response:
    """`DELETE /v1/esp/suppression/{type}/{email}`."""
    kind, email, workspace_id = _kind(call), _email(call), call.workspace.workspace_id
    if not await call.api.write(lambda tx: esp.unsuppress(tx, workspace_id, kind, email)):
        raise NotFound
    return nothing()


_ANSWER = record(
    category=text("blocks, bounces, spam or invalid; empty when a search finds nothing"),
    suppressions=array(
        record(
            created=integer("Unix seconds"),
            email=text(),
            reason=text("What was said of it"),
            status=text("SMTP status, or empty"),
        )
    ),
)
_EXAMPLE = {
    "category": "bounces",
    "suppressions": [
        {"created": 1_700_000_000, "email": "a@example.com", "reason": "no such mailbox", "status": "550"}
    ],
}
_LIMIT = integer("How many, 1 to 1000", minimum=1, maximum=1_000, default=100)
_ONE = "/v1/esp/suppression/{type}/{email}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/esp/search_suppression/{email}",
        search,
        "app",
        "app",
        "Why an address gets no mail",
        reference=Reference(answer=_ANSWER, answer_example=_EXAMPLE, errors=(400, 422), contract="§7.8"),
    ),
    Endpoint(
        "GET",
        "/v1/esp/suppression/{type}",
        listing,
        "app",
        "app",
        "Addresses that get no mail, by kind",
        reference=Reference(
            query={
                "limit": _LIMIT,
                "offset": integer("How many to pass over", minimum=0),
                "email": text("Only this address"),
                "domain": text("Only addresses of this domain"),
            },
            answer=_ANSWER,
            answer_example=_EXAMPLE,
            errors=(400,),
            contract="§7.8",
        ),
    ),
    Endpoint(
        "GET",
        "/v1/esp/domains/{domain}/suppression/{type}",
        listing,
        "app",
        "app",
        "Addresses of a domain that get no mail",
        reference=Reference(
            query={
                "limit": _LIMIT,
                "start": integer("How many to pass over", minimum=0),
                "email": text("Only this address"),
            },
            answer=_ANSWER,
            answer_example=_EXAMPLE,
            errors=(400,),
            contract="§7.8",
        ),
    ),
    Endpoint(
        "POST",
        _ONE,
        suppress,
        "app",
        "app",
        "Send nothing more to an address",
        reference=Reference(answer=record(), answer_example={}, errors=(400, 422), contract="§7.8"),
    ),
    Endpoint(
        "DELETE",
        _ONE,
        unsuppress,
        "app",
        "app",
        "Let an address have mail again",
        reference=Reference(status=204, errors=(400, 404, 422), contract="§7.8"),
    ),
)
