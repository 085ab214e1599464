# SPDX-License-Identifier: Apache-2.0
"""Actions that do something to the person, here, instead of sending anything (contract §12.1): what each holds, and
what must come out of it. Whoever wants no messages is none the less updated by them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from clarion.domain.errors import RequestError
from clarion.domain.operations import MAX_EVENT_DATA_BYTES, MAX_EVENT_NAME_BYTES
from clarion.domain.parts import MAX_BODY_BYTES, Channel, Part
from clarion.domain.people import INSTRUCTIONS, check_attributes, cio_id_of, infer, may_be_created_at

SELF, OTHER = "self", "other"
ADD, REMOVE = "add", "remove"
_MOST_DIGITS = 15


def object_of(text: str) -> dict[str, Any]:
    """What a JSON object holds; nothing of a blank text.

    Raises:
        ValueError: it is none.
    """
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return value


def name_problem(name: str) -> str | None:
    """Why an attribute is none that an action may change."""
    if name in {"id", "email", "cio_id"}:
        return f"{name} is by what a person is known: an action does not change it"
    if name in INSTRUCTIONS:
        return f"{name} is an instruction to the Track API, no attribute"
    return None


def _attributes_problem(text: str) -> str | None:
    try:
        changes = object_of(text)
        check_attributes(changes)
    except ValueError as error:
        return f"attributes {error}"
    except RequestError as error:
        name = error.problems[0].pointer.removeprefix("/attributes").removeprefix("/")
        return f"{name}: {error.detail}" if name else error.detail
    if not changes:
        return "attributes names no attribute"
    if held := next(filter(None, map(name_problem, changes)), None):
        return held
    return None if may_be_created_at(changes.get("created_at")) else "created_at: must be Unix seconds"


def _person_problem(parts: Mapping[str, str]) -> tuple[str, str] | None:
    if parts["whom"] == SELF:
        return None
    if not parts["identifier"]:
        return "identifier", "is needed: by which identifier the other person is known"
    try:
        infer(parts["identifier"])
    except RequestError as error:
        return "identifier", error.detail
    return None


def _event_name_problem(text: str) -> str | None:
    fits = len(text.encode()) <= MAX_EVENT_NAME_BYTES
    return None if fits else f"the name is longer than {MAX_EVENT_NAME_BYTES} bytes"


def _data_problem(text: str) -> str | None:
    try:
        data = object_of(text)
    except ValueError as error:
        return f"event_data {error}"
    fits = len(msgspec.json.encode(data)) <= MAX_EVENT_DATA_BYTES
    return None if fits else f"event_data is larger than {MAX_EVENT_DATA_BYTES} bytes"


def _segment_problem(text: str) -> str | None:
    fits = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return None if fits else "segment_id must be the number of a segment"


def _names(parts: Mapping[str, str]) -> str:
    try:
        return ", ".join(object_of(parts["attributes"]))
    except ValueError:
        return parts["attributes"]


def _move(parts: Mapping[str, str]) -> str:
    way = "into" if parts["change"] == ADD else "out of"
    return f"{way} segment {parts['segment_id']}" if parts["segment_id"] else ""


ATTRIBUTE_UPDATE = Channel(
    kind="attribute_update",
    type="attribute_update",
    title="a person update",
    parts=(
        Part(
            "attributes",
            MAX_BODY_BYTES,
            required=True,
            as_json=True,
            wrong=_attributes_problem,
            instead='{"-": null}',
        ),
        Part("whom", default=SELF, choices=(SELF, OTHER)),
        Part("identifier"),
    ),
    shown="attributes",
    shown_as=_names,
    own_address="cio_id",
    address=cio_id_of,
    problem=_person_problem,
)
CREATE_EVENT = Channel(
    kind="create_event",
    type="create_event",
    title="an event",
    parts=(
        Part("event_name", required=True, wrong=_event_name_problem),
        Part("event_data", MAX_BODY_BYTES, as_json=True, wrong=_data_problem),
    ),
    shown="event_name",
    own_address="cio_id",
    address=cio_id_of,
)
SEGMENT_UPDATE = Channel(
    kind="static_seg_update",
    type="static_seg_update",
    title="a segment update",
    parts=(
        Part("segment_id", required=True, wrong=_segment_problem, instead="0"),
        Part("change", default=ADD, choices=(ADD, REMOVE)),
    ),
    shown="segment_id",
    shown_as=_move,
    own_address="cio_id",
    address=cio_id_of,
)

PERSON_ACTIONS: Mapping[str, Channel] = {one.kind: one for one in (ATTRIBUTE_UPDATE, CREATE_EVENT, SEGMENT_UPDATE)}
"""By the kind of their actions: Customer.io's words for them, without its ``_action`` (contract §12.1)."""
