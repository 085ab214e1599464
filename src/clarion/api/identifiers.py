# SPDX-License-Identifier: Apache-2.0
"""Identifiers of people in bodies and queries, as both APIs take them (contract §1.6, §1.7)."""

from typing import Any

from clarion.api.calls import Call
from clarion.domain.errors import MalformedRequest
from clarion.domain.people import IdKind, cio_id, person_id_of


def identifier(value: object, pointer: str) -> str:
    """An identifier from JSON as text; numbers are common as ids.

    Raises:
        MalformedRequest: something else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise MalformedRequest("must be a string or a whole number", pointer)


def ids_of(body: dict[str, Any], most: int) -> list[str]:
    """The list `ids` of a body: 1 to `most` identifiers.

    Raises:
        MalformedRequest: naming `ids` or the item that is wrong.
    """
    ids = body.get("ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= most:
        raise MalformedRequest(f"must be a list of 1 to {most} identifiers", "/ids")
    return [identifier(value, f"/ids/{index}") for index, value in enumerate(ids)]


def id_type(call: Call) -> IdKind:
    """The query's `id_type`, `id` when absent (contract §1.7).

    Raises:
        MalformedRequest: unknown, or a kind that this workspace does not identify people by.
    """
    allowed = [kind for kind in IdKind if kind is not IdKind.EMAIL or call.workspace.email_is_unique]
    name = call.query("id_type") or IdKind.ID.value
    if name not in allowed:
        raise MalformedRequest(f"must be one of {', '.join(allowed)}", "/id_type")
    return IdKind(name)


def shown(person_id: int, id_: str | None, email: str | None) -> dict[str, str | None]:
    """A person's identifiers as answers carry them: unset ones are null."""
    return {"email": email, "id": id_, "cio_id": cio_id(person_id)}


def start_after(call: Call) -> int:
    """The person_id that the query's `start`, a `next` of an earlier page, stands for; 0 without one.

    Raises:
        MalformedRequest: a token that no page ever carried.
    """
    token = call.query("start")
    number = person_id_of(token) if token else 0
    if number is None:
        raise MalformedRequest("is not the next of an earlier page", "/start")
    return number


def next_after(person_id: int | None) -> str:
    """The token of the page after a person; the empty string when there is none."""
    return "" if person_id is None else cio_id(person_id)
