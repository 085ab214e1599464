# SPDX-License-Identifier: Apache-2.0
"""Track v1: people, their events and devices, suppression (contract §8).

Calls without a body of their own do not read the one they may carry (contract §15.5).
"""

from dataclasses import replace

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint
from clarion.api.reference import track as reference
from clarion.api.track.objects import read_instruction
from clarion.api.track.operations import from_path, perform, read_device, read_event, read_identify
from clarion.domain.operations import Delete, DeleteDevice, Suppress, Unsuppress


async def identify(call: Call) -> Response:
    """`PUT /api/v1/customers/{identifier}`."""
    reference, body = from_path(call), await call.json_object()
    related = read_instruction(reference, body.get("cio_relationships"))
    return await perform(call, replace(read_identify(reference, body), relate=related))


async def delete(call: Call) -> Response:
    """`DELETE /api/v1/customers/{identifier}`."""
    return await perform(call, Delete(from_path(call)))


async def event(call: Call) -> Response:
    """`POST /api/v1/customers/{identifier}/events`."""
    reference, body = from_path(call), await call.json_object()
    return await perform(
        call,
        read_event(
            reference,
            name=body.get("name"),
            kind="event" if body.get("type") in (None, "") else body["type"],
            event_id=body.get("id"),
            at=body.get("timestamp"),
            data=body.get("data"),
            data_key="data",
        ),
    )


async def add_device(call: Call) -> Response:
    """`PUT /api/v1/customers/{identifier}/devices`."""
    reference, body = from_path(call), await call.json_object()
    return await perform(call, read_device(reference, body.get("device"), "id"))


async def delete_device(call: Call) -> Response:
    """`DELETE /api/v1/customers/{identifier}/devices/{device_id}`."""
    return await perform(call, DeleteDevice(from_path(call), call.text("device_id")))


async def suppress(call: Call) -> Response:
    """`POST /api/v1/customers/{identifier}/suppress`."""
    return await perform(call, Suppress(from_path(call)))


async def unsuppress(call: Call) -> Response:
    """`POST /api/v1/customers/{identifier}/unsuppress`."""
    return await perform(call, Unsuppress(from_path(call)))


_ONE = "/api/v1/customers/{identifier}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "PUT",
        _ONE,
        identify,
        "track",
        "track_v1",
        "Create or update a person",
        reference=reference.IDENTIFY,
    ),
    Endpoint(
        "DELETE",
        _ONE,
        delete,
        "track",
        "track_v1",
        "Delete a person",
        reference=reference.DELETE,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/events",
        event,
        "track",
        "track_v1",
        "Something a person did",
        reference=reference.EVENT,
    ),
    Endpoint(
        "PUT",
        f"{_ONE}/devices",
        add_device,
        "track",
        "track_v1",
        "Add or replace a device",
        reference=reference.ADD_DEVICE,
    ),
    Endpoint(
        "DELETE",
        f"{_ONE}/devices/{{device_id}}",
        delete_device,
        "track",
        "track_v1",
        "Remove a device",
        reference=reference.DELETE,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/suppress",
        suppress,
        "track",
        "track_v1",
        "Delete a person and block them",
        reference=reference.DELETE,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/unsuppress",
        unsuppress,
        "track",
        "track_v1",
        "Free a blocked identifier",
        reference=reference.DELETE,
    ),
)
