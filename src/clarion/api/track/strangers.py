# SPDX-License-Identifier: Apache-2.0
"""Track v1: events of people who are not known yet, forms, and merging two people (contract §8, §8.2, §8.5)."""

import secrets
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.identifiers import identifier
from clarion.api.schemas import Reference, integer, one_of, record, text
from clarion.api.track.operations import (
    EVENT_KINDS,
    MAX_EMAIL_BYTES,
    anonymous_id,
    perform,
    read_event,
    read_identify,
    read_merge,
)
from clarion.domain import people
from clarion.domain.errors import InvalidRequest
from clarion.domain.operations import Operation
from clarion.domain.people import MAX_ID_BYTES, IdKind, looks_like_email
from clarion.pipeline import identify
from clarion.store import merging

_NOBODY = people.Reference(IdKind.ID, "")


async def event(call: Call) -> Response:
    """`POST /api/v1/events`: kept under its anonymous_id until somebody gets that; without one it is counted as an
    invitation, which starts nothing here, since broadcasts do not start by events.
    """
    body = await call.json_object()
    read = read_event(
        _NOBODY,
        name=body.get("name"),
        kind="event" if body.get("type") in (None, "") else body["type"],
        event_id=body.get("id"),
        at=body.get("timestamp"),
        data=body.get("data"),
        data_key="data",
    )
    stranger = anonymous_id(body)
    if stranger is not None:
        await call.api.write(
            lambda tx: merging.add_anonymous_event(
                tx,
                call.workspace,
                stranger,
                event_id=read.event_id or secrets.token_hex(16),
                at_ms=tx.now_ms() if read.at is None else read.at * 1_000,
                kind=read.kind,
                name=read.name,
                data=read.data,
            )
        )
    return answer({})


async def merge(call: Call) -> Response:
    """`POST /api/v1/merge_customers`; 400 unless each is named by exactly one identifier."""
    return await perform(call, read_merge(await call.json_object(), call.workspace))


async def submit(call: Call) -> Response:
    """`POST /api/v1/forms/{form_id}/submit`: the person is created or updated, and the submission is an event."""
    form_id, body = call.text("form_id"), await call.json_object()
    data = body.get("data")
    if not isinstance(data, dict):
        raise InvalidRequest("must be an object", "/data")
    reference = _of_form(data, email_is_unique=call.workspace.email_is_unique)
    fields = {name: value for name, value in data.items() if name not in ("id", "email")}
    for name, value in fields.items():
        if isinstance(value, dict | list):
            raise InvalidRequest("must be a string", f"/data/{name}")
    named = {name: value for name, value in data.items() if name in ("id", "email")}
    told = read_event(
        reference,
        name="form_submit",
        kind="event",
        event_id=None,
        at=None,
        data={**fields, "form_id": form_id},
        data_key="data",
    )
    operations: list[Operation] = [read_identify(reference, {**fields, **named}), told]
    api = call.api
    for failure in await api.run(lambda: identify.perform(api.store, api.numbers, call.workspace, operations)):
        if failure is not None:
            raise failure
    return nothing()


def _of_form(data: dict[str, Any], *, email_is_unique: bool) -> people.Reference:
    """Whom a form's fields name."""
    if data.get("id") not in (None, ""):
        value = identifier(data["id"], "/data/id")
        if len(value.encode()) > MAX_ID_BYTES:
            raise InvalidRequest(f"is longer than {MAX_ID_BYTES} bytes", "/data/id")
        return people.Reference(IdKind.ID, value)
    if data.get("email") not in (None, "") and email_is_unique:
        value = identifier(data["email"], "/data/email").strip()
        if not looks_like_email(value) or len(value.encode()) > MAX_EMAIL_BYTES:
            raise InvalidRequest("is not an e-mail address", "/data/email")
        return people.Reference(IdKind.EMAIL, value)
    raise InvalidRequest("a form needs an id or an e-mail address in its data", "/data")


_WHO = record("Exactly one of these.", id=text(), email=text(), cio_id=text(), optional=("id", "email", "cio_id"))

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/v1/events",
        event,
        "track",
        "track_v1",
        "Something that somebody did who is not known yet",
        reference=Reference(
            body=record(
                name=text(),
                type=one_of(*EVENT_KINDS),
                id=text("A ULID: the same one twice is one event."),
                timestamp=integer("Unix seconds; now unless given."),
                anonymous_id=text("Whoever gets it later, within 30 days, gets the event."),
                data={"type": "object"},
                optional=("type", "id", "timestamp", "anonymous_id", "data"),
            ),
            body_example={"name": "pageview", "anonymous_id": "a-77", "data": {"path": "/pricing"}},
            answer={"type": "object", "maxProperties": 0},
            answer_example={},
            errors=(400,),
            contract="§8.2",
        ),
    ),
    Endpoint(
        "POST",
        "/api/v1/merge_customers",
        merge,
        "track",
        "track_v1",
        "Make one person of two",
        reference=Reference(
            body=record(primary=_WHO, secondary=_WHO),
            body_example={"primary": {"id": "42"}, "secondary": {"email": "ada@example.com"}},
            answer={"type": "object", "maxProperties": 0},
            answer_example={},
            errors=(400,),
            contract="§8.5",
        ),
    ),
    Endpoint(
        "POST",
        "/api/v1/forms/{form_id}/submit",
        submit,
        "track",
        "track_v1",
        "A form that somebody filled in",
        reference=Reference(
            body=record(data=record("One of email and id, and the form's fields.")),
            body_example={"data": {"email": "ada@example.com", "first_name": "Ada"}},
            status=204,
            errors=(400,),
            contract="§8",
        ),
    ),
)
