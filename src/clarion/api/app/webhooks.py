# SPDX-License-Identifier: Apache-2.0
"""Reporting webhooks: made, changed, removed (contract §7.9); their log and replay are ours."""

import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.reference.webhooks import ATTEMPTS, CREATE, DELETE, GET, LIST, REPLAY, ROTATE, UPDATE
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.reporting import EVENTS
from clarion.store import reporting
from clarion.store.engine import Transaction
from clarion.store.reporting import Webhook

MAX_NAME = 190  # contract §7.9
MAX_ENDPOINT_BYTES = 2_000
_FLAGS = ("disabled", "full_resolution", "with_content")
_LATEST = 2**40


def _shape(webhook: Webhook) -> dict[str, Any]:
    """Not wrapped (contract §7.9)."""
    return {
        "id": webhook.webhook_id,
        "name": webhook.name,
        "endpoint": webhook.endpoint,
        "disabled": webhook.disabled,
        "full_resolution": webhook.full_resolution,
        "with_content": webhook.with_content,
        "events": list(webhook.events),
    }


def _edited(before: Webhook, body: dict[str, Any]) -> Webhook:
    """The webhook after an edit, which may name some of its fields.

    Raises:
        InvalidRequest: naming the field that is wrong.
    """
    after = before
    if "name" in body:
        name = body["name"]
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
            raise InvalidRequest(f"must be a text of 1 to {MAX_NAME} characters", "/name")
        after = replace(after, name=name)
    if "endpoint" in body:
        after = replace(after, endpoint=_endpoint(body["endpoint"]))
    if "events" in body:
        after = replace(after, events=_events(body["events"]))
    for name in _FLAGS:
        if name in body:
            if not isinstance(body[name], bool):
                raise InvalidRequest("must be true or false", f"/{name}")
            after = replace(after, **{name: body[name]})
    for name in body:
        if name not in ("id", "name", "endpoint", "events", *_FLAGS):
            raise InvalidRequest("is not a field of a reporting webhook", f"/{name}")
    return after


def _endpoint(value: object) -> str:
    if not isinstance(value, str) or len(value.encode()) > MAX_ENDPOINT_BYTES:
        raise InvalidRequest(f"must be a URL of at most {MAX_ENDPOINT_BYTES} bytes", "/endpoint")
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise InvalidRequest("must be an http or https URL", "/endpoint")
    return value


def _events(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise InvalidRequest("must be a list of at least one event", "/events")
    for no, name in enumerate(value):
        if not isinstance(name, str) or name not in EVENTS:
            raise InvalidRequest("is not an event, docs/webhooks.md lists them", f"/events/{no}")
    return tuple(dict.fromkeys(value))


async def create(call: Call) -> Response:
    """`POST /v1/reporting_webhooks`; with the signing secret beside it, this once."""
    body = await call.json_object()
    for name in ("name", "endpoint", "events"):
        if name not in body:
            raise InvalidRequest("is required", f"/{name}")
    workspace_id = call.workspace.workspace_id
    empty = Webhook(0, workspace_id, "", "", (), False, False, False, secrets.token_hex(32))
    wanted = _edited(empty, body)

    def work(tx: Transaction) -> Webhook:
        made = replace(wanted, webhook_id=reporting.new_number(tx))
        reporting.insert(tx, made)
        return made

    made = await call.api.write(work)
    return answer({**_shape(made), "signing_secret": made.secret})


async def listing(call: Call) -> Response:
    """`GET /v1/reporting_webhooks`."""
    found = await call.api.read(lambda tx: reporting.listing(tx, call.workspace))
    return answer({"reporting_webhooks": [_shape(webhook) for webhook in found]})


def _load(tx: Transaction, call: Call) -> Webhook:
    number = call.number("webhook_id")
    found = reporting.listing(tx, call.workspace, number) if number else []
    if not found:
        raise NotFound
    return found[0]


async def get(call: Call) -> Response:
    """`GET /v1/reporting_webhooks/{webhook_id}`."""
    return answer(_shape(await call.api.read(lambda tx: _load(tx, call))))


async def update(call: Call) -> Response:
    """`PUT /v1/reporting_webhooks/{webhook_id}` with any of its fields; what waits for it is tried at once."""
    body = await call.json_object()

    def work(tx: Transaction) -> Webhook:
        after = _edited(_load(tx, call), body)
        reporting.update(tx, after)
        return after

    return answer(_shape(await call.api.write(work)))


async def delete(call: Call) -> Response:
    """`DELETE /v1/reporting_webhooks/{webhook_id}`: what waits for it is not sent."""
    number = call.number("webhook_id")
    if not await call.api.write(lambda tx: reporting.delete(tx, call.workspace, number)):
        raise NotFound
    return nothing()


async def rotate(call: Call) -> Response:
    """`POST /reporting_webhooks/{webhook_id}/rotate_secret`."""

    def work(tx: Transaction) -> Webhook:
        after = replace(_load(tx, call), secret=secrets.token_hex(32))
        reporting.update(tx, after)
        return after

    return answer({"signing_secret": (await call.api.write(work)).secret})


async def attempts(call: Call) -> Response:
    """`GET /reporting_webhooks/{webhook_id}/attempts`: how it stands, and the last calls that failed."""

    def read(tx: Transaction) -> dict[str, Any]:
        webhook = _load(tx, call)
        waiting, first = reporting.standing(tx, webhook.webhook_id)
        return {
            "delivered": webhook.delivered,
            "given_up": webhook.given_up,
            "waiting": waiting,
            "first_waiting": first,
            "next_attempt_at": webhook.due_ms // 1_000 if waiting and webhook.due_ms else None,
            "attempts": [
                {
                    "event_id": str(row["event_id"]),
                    "status": row["status"],
                    "took_ms": int(row["took_ms"]),
                    "words": str(row["words"]),
                }
                for row in reporting.attempts(tx, webhook.webhook_id, 100)
            ],
        }

    return answer(await call.api.read(read))


async def replay(call: Call) -> Response:
    """`POST /reporting_webhooks/{webhook_id}/replay {from?, to?, event?, only_given_up?}`: the same event ids again."""
    body = await call.json_object()
    for name in body:
        if name not in ("from", "to", "event", "only_given_up"):
            raise InvalidRequest("is not known", f"/{name}")
    event, only = body.get("event") or "", body.get("only_given_up") or False
    if not isinstance(event, str) or event not in EVENTS | {""}:
        raise InvalidRequest("is not an event", "/event")
    if not isinstance(only, bool):
        raise InvalidRequest("must be true or false", "/only_given_up")
    bounds = {name: _seconds(body, name, default) for name, default in (("from", 0), ("to", _LATEST))}

    def work(tx: Transaction) -> int:
        return reporting.replay(
            tx,
            _load(tx, call).webhook_id,
            from_ms=bounds["from"] * 1_000,
            to_ms=bounds["to"] * 1_000 + 999,
            event=event,
            only_given_up=only,
        )

    return answer({"events": await call.api.write(work)})


def _seconds(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST:
        raise InvalidRequest("must be Unix seconds", f"/{name}")
    return value


_ALL, _ONE = "/v1/reporting_webhooks", "/v1/reporting_webhooks/{webhook_id}"
_OURS = "/api/clarion/v1/reporting_webhooks/{webhook_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", _ALL, create, "app", "app", "Make a reporting webhook", reference=CREATE),
    Endpoint("GET", _ALL, listing, "app", "app", "Every reporting webhook", reference=LIST),
    Endpoint("GET", _ONE, get, "app", "app", "One reporting webhook", reference=GET),
    Endpoint("PUT", _ONE, update, "app", "app", "Change a reporting webhook", reference=UPDATE),
    Endpoint("DELETE", _ONE, delete, "app", "app", "Remove a reporting webhook", reference=DELETE),
    Endpoint("POST", f"{_OURS}/rotate_secret", rotate, "manage", "app", "A new signing secret", reference=ROTATE),
    Endpoint(
        "GET", f"{_OURS}/attempts", attempts, "manage", "app", "What waits, and which calls failed", reference=ATTEMPTS
    ),
    Endpoint("POST", f"{_OURS}/replay", replay, "manage", "app", "Send events again", reference=REPLAY),
)
