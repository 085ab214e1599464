# SPDX-License-Identifier: Apache-2.0
"""In-app and inbox messages for apps: a token for a person, what waits for them, and what they did with it.

Apps and browsers call with the person's token, which a server of the workspace gets for them; no key ever leaves it.
"""

import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clarion.api import errors
from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.reference import in_app as reference
from clarion.domain.deliveries import DeliveryKey, key_of
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, Unauthorized
from clarion.domain.links import app_token, person_claimed, person_of_app
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import MAX_VALUE_BYTES, Person
from clarion.domain.transactional import reference_of
from clarion.pipeline import feedback
from clarion.store import app_secrets, in_app, people
from clarion.store.engine import Transaction
from clarion.store.in_app import WaitingMessage
from clarion.store.numbers import workspace_of

_ROOT = "/api/clarion/v1/in_app"
_DAY_S = 86_400
_MOST_S = 30 * _DAY_S
REPORTS = ("opened", "clicked", "dismissed", "converted")
# Any page may ask: what opens a person's messages is the token, which no browser sends by itself.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Expose-Headers": "ETag, Retry-After",
    "Access-Control-Max-Age": "86400",
}


async def token(call: Call) -> Response:
    """`POST /in_app/tokens`."""
    body = await call.json_object()
    named = reference_of(body)
    lives = body.get("expires_in", _DAY_S)
    if isinstance(lives, bool) or not isinstance(lives, int) or not 1 <= lives <= _MOST_S:
        raise InvalidRequest(f"must be seconds, from 1 to {_MOST_S}", "/expires_in")

    def read(tx: Transaction) -> tuple[list[Person], int]:
        secret = app_secrets.get(tx, call.workspace.workspace_id)
        return people.find(tx, call.workspace, named), secret.generation

    found, generation = await call.api.read(read)
    if not found:
        raise NotFound
    if len(found) > 1:
        raise Conflict("several people have this address: name one by id or cio_id", "/identifiers")
    until = int(time.time()) + lives
    return answer({"token": app_token(found[0].person_id, until, call.api.secret, generation), "expires_at": until})


async def _person_of(call: Call, given: str) -> int | None:
    claimed = person_claimed(given)
    if claimed is None:
        return None
    secret = await call.api.read(lambda tx: app_secrets.get(tx, workspace_of(claimed)))
    return person_of_app(given, time.time(), call.api.secret, secret.good)


def _for_apps(handler: Callable[[Call, int], Awaitable[Response]]) -> Callable[[Call], Awaitable[Response]]:
    """The call of whoever the token names, counted for their workspace; every answer may be read by any page."""

    async def respond(call: Call) -> Response:
        try:
            scheme, _, given = call.request.headers.get("authorization", "").partition(" ")
            person_id = await _person_of(call, given.strip()) if scheme == "Bearer" else None
            if person_id is None:
                raise Unauthorized("a token of POST /api/clarion/v1/in_app/tokens is needed, and this is none any more")
            if call.api.limits is not None:
                await call.api.limits.take(workspace_of(person_id), "in_app")
            response = await handler(call, person_id)
        except Exception as error:  # noqa: BLE001 - errors need the headers, too, or a page cannot read them
            response = errors.respond(error, "app", call.api.outages)
        response.headers.update(_CORS)
        return response

    return respond


@_for_apps
async def messages(call: Call, person_id: int) -> Response:
    """`GET /in_app/messages`."""
    since = call.query_number("since", 0)
    found = await call.api.read(lambda tx: in_app.waiting(tx, person_id))
    shown = [_shown(one) for one in found if one.created_ms // 1_000 >= since]
    body = msgspec.json.encode({"messages": shown})
    headers = {"ETag": f'"{sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    if call.request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body + b"\n", headers=headers, media_type="application/json; charset=utf-8")


def _shown(one: WaitingMessage) -> dict[str, Any]:
    said: dict[str, Any] = {name: text for name, text in one.parts.items() if name != "expires_days"}
    if "properties" in said:
        said["properties"] = msgspec.json.decode(said["properties"] or "{}")
    return {
        "id": one.delivery_id,
        "kind": one.kind,
        **said,
        "created_at": one.created_ms // 1_000,
        "expires_at": one.expires_ms // 1_000,
        "opened": one.opened_ms is not None,
    }


@_for_apps
async def report(call: Call, person_id: int) -> Response:
    """`POST /in_app/messages/{delivery_id}/{report}`."""
    delivery_id, word = call.text("delivery_id"), call.text("report")
    if word not in REPORTS:
        raise NotFound
    body = await call.json_object(10_000)
    href, said = _text(body, "href"), _text(body, "tracked_response")
    if word == "clicked" and not href:
        raise InvalidRequest("is required", "/href")

    def work(tx: Transaction) -> None:
        if not in_app.is_of(tx, delivery_id, person_id):
            raise NotFound
        if word == "dismissed":
            in_app.dismissed(tx, delivery_id, person_id)
            return
        in_app.opened(tx, delivery_id, person_id)
        key = key_of(delivery_id, call.api.secret)
        if key is not None:  # else a test message, which nothing is counted of
            _heard(tx, key, word, href, said)

    await call.api.write(work)
    return nothing()


def _heard(tx: Transaction, key: DeliveryKey, word: str, href: str, said: str) -> None:
    match word:
        case "opened":
            feedback.opened(tx, key, machine=False)
        case "clicked":
            feedback.clicked(tx, key, href, machine=False, response=said)
        case _:
            feedback.record(tx, Feedback(key, Metric.CONVERTED))


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise InvalidRequest("must be a string", f"/{name}")
    if len(value.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES:
        raise InvalidRequest(f"is longer than {MAX_VALUE_BYTES} bytes", f"/{name}")
    return value


def preflights() -> list[Route]:
    """What browsers ask before they call from a page of another origin."""

    async def respond(request: Request) -> Response:  # noqa: ARG001 - routes take a request
        return Response(status_code=204, headers=_CORS)

    paths = (f"{_ROOT}/messages", f"{_ROOT}/messages/{{delivery_id}}/{{report}}")
    return [Route(path, respond, methods=["OPTIONS"]) for path in paths]


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_ROOT}/tokens",
        token,
        "app",
        "app",
        "A token that opens one person's in-app and inbox messages",
        reference=reference.TOKEN,
    ),
    Endpoint(
        "GET",
        f"{_ROOT}/messages",
        messages,
        "none",
        "app",
        "In-app and inbox messages that wait for the person of the token",
        reference=reference.MESSAGES,
    ),
    Endpoint(
        "POST",
        f"{_ROOT}/messages/{{delivery_id}}/{{report}}",
        report,
        "none",
        "app",
        "Report that a message was opened, clicked, dismissed, or that it converted",
        reference=reference.REPORT,
    ),
)
