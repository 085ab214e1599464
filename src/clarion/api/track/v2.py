# SPDX-License-Identifier: Apache-2.0
"""Track v2: operations on people, one at a time or in a batch (contract §8.3).

Every operation of a batch stands for itself: those that are wrong are listed, the others are carried out.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.errors import track_v2_error
from clarion.api.reference import track as reference
from clarion.api.track.feedback import from_v2, tell
from clarion.api.track.objects import read_instruction, read_object, read_relate
from clarion.api.track.operations import (
    from_identifiers,
    perform,
    read_device,
    read_event,
    read_identify,
    read_merge,
    read_token,
)
from clarion.domain.errors import InvalidRequest, MalformedRequest, RequestError
from clarion.domain.operations import Delete, DeleteDevice, Operation, Suppress, Unsuppress
from clarion.domain.people import Reference
from clarion.pipeline import identify
from clarion.store.access import Workspace

MAX_OPERATION_BYTES = 32 * 1024
MAX_BATCH_BYTES = 500 * 1024


async def entity(call: Call) -> Response:
    """`POST /api/v2/entity`."""
    item = await call.json(MAX_OPERATION_BYTES)
    if isinstance(item, dict) and item.get("type") == "delivery":
        return await tell(call, from_v2(item, call.api.secret))
    return await perform(call, _operation(item, call.workspace))


async def batch(call: Call) -> Response:
    """`POST /api/v2/batch`; 207 when some of its operations were refused."""
    items = (await call.json_object(MAX_BATCH_BYTES)).get("batch")
    if not isinstance(items, list) or not items:
        raise MalformedRequest("must be a list of at least one operation", "/batch")
    good: list[Operation] = []
    indexes: list[int] = []
    failures: dict[int, RequestError] = {}
    for index, item in enumerate(items):
        try:
            if isinstance(item, dict) and item.get("type") == "delivery":
                await tell(call, from_v2(item, call.api.secret))
                continue
            good.append(_item(item, call.workspace))
            indexes.append(index)
        except RequestError as error:
            failures[index] = error
    api = call.api
    outcomes = await api.run(lambda: identify.perform(api.store, api.numbers, call.workspace, good))
    failures |= {index: outcome for index, outcome in zip(indexes, outcomes, strict=True) if outcome is not None}
    if not failures:
        return answer({})
    errors = [
        {"batch_index": index, **track_v2_error(problem)}
        for index in sorted(failures)
        for problem in failures[index].problems
    ]
    return answer({"errors": errors}, 207)


def _item(item: object, workspace: Workspace) -> Operation:
    if len(msgspec.json.encode(item)) > MAX_OPERATION_BYTES:
        raise InvalidRequest(f"the operation is larger than {MAX_OPERATION_BYTES} bytes")
    return _operation(item, workspace)


def _operation(item: object, workspace: Workspace) -> Operation:
    """One operation.

    Raises:
        InvalidRequest: naming the field that is wrong, or the type or action that this version lacks.
    """
    if not isinstance(item, dict):
        raise InvalidRequest("an operation must be a JSON object")
    kind, action = item.get("type"), item.get("action")
    if kind == "object":
        return read_object(item, workspace)
    if kind != "person":
        raise InvalidRequest('must be "person", "object" or "delivery"', "/type")
    if action == "merge":
        return read_merge(item, workspace)
    read = _READERS.get(action) if isinstance(action, str) else None
    if read is None:
        raise InvalidRequest(f"must be one of {', '.join((*_READERS, 'merge'))}", "/action")
    return read(item, from_identifiers(item.get("identifiers"), workspace))


def _identify(item: dict[str, Any], reference: Reference) -> Operation:
    attributes = item.get("attributes")
    if attributes is not None and not isinstance(attributes, dict):
        raise InvalidRequest("must be an object", "/attributes")
    call = read_identify(reference, attributes or {}, item.get("timestamp"))
    related = item.get("cio_relationships", (attributes or {}).get("cio_relationships"))
    return call if related is None else replace(call, relate=read_instruction(reference, related))


def _event(item: dict[str, Any], reference: Reference) -> Operation:
    return read_event(
        reference,
        name=item.get("name"),
        kind=item["action"],
        event_id=item.get("id"),
        at=item.get("timestamp"),
        data=item.get("attributes"),
        data_key="attributes",
    )


def _relate(item: dict[str, Any], reference: Reference, *, add: bool) -> Operation:
    call = read_relate(reference, item.get("cio_relationships"), add=add)
    if not call.relations:
        raise InvalidRequest("must name at least one object", "/cio_relationships")
    return call


_READERS: dict[str, Callable[[dict[str, Any], Reference], Operation]] = {
    "identify": _identify,
    "delete": lambda _, reference: Delete(reference),
    "event": _event,
    "page": _event,
    "screen": _event,
    "add_device": lambda item, reference: read_device(reference, item.get("device"), "token"),
    "delete_device": lambda item, reference: DeleteDevice(reference, read_token(item.get("device"), "token")),
    "add_relationships": lambda item, reference: _relate(item, reference, add=True),
    "delete_relationships": lambda item, reference: _relate(item, reference, add=False),
    "suppress": lambda _, reference: Suppress(reference),
    "unsuppress": lambda _, reference: Unsuppress(reference),
}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/v2/entity",
        entity,
        "track",
        "track_v2",
        "One operation on a person",
        reference=reference.ENTITY,
    ),
    Endpoint(
        "POST",
        "/api/v2/batch",
        batch,
        "track",
        "track_v2",
        "Several operations on people",
        reference=reference.BATCH,
    ),
)
