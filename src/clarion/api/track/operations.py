# SPDX-License-Identifier: Apache-2.0
"""From JSON to operations on people: what v1 and v2 of the Track API share (contract §1.6, §8.1-8.3)."""

from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.calls import Call, answer
from clarion.api.identifiers import identifier
from clarion.domain.errors import InvalidRequest
from clarion.domain.operations import (
    MAX_EVENT_DATA_BYTES,
    MAX_EVENT_NAME_BYTES,
    AddDevice,
    Event,
    Identify,
    Merge,
    Operation,
)
from clarion.domain.people import (
    INSTRUCTIONS,
    MAX_ID_BYTES,
    MAX_VALUE_BYTES,
    Device,
    IdKind,
    Reference,
    check_attributes,
    infer,
    looks_like_email,
    may_be_created_at,
)
from clarion.pipeline import identify
from clarion.store.access import Workspace

MAX_EMAIL_BYTES = 254  # RFC 5321, §4.5.3.1.3
EVENT_KINDS = ("event", "page", "screen")
_PLATFORMS = ("ios", "android")
_LATEST = 253_402_300_799  # 9999-12-31: what is above is milliseconds


async def perform(call: Call, operation: Operation) -> Response:
    """Carry out one operation; every success is 200 and `{}` (contract §1.4, §15.4).

    Raises:
        RequestError: the operation was refused.
    """
    api = call.api
    outcome = await api.run(lambda: identify.perform(api.store, api.numbers, call.workspace, [operation]))
    if outcome[0] is not None:
        raise outcome[0]
    return answer({})


def from_path(call: Call) -> Reference:
    """Whom the path of a v1 call names. Where e-mail does not identify people, an address is an id.

    Raises:
        MalformedRequest: empty or too long.
    """
    reference = infer(call.text("identifier"))
    if reference.kind is IdKind.EMAIL and not call.workspace.email_is_unique:
        reference = Reference(IdKind.ID, reference.value)
    return _checked(reference, "/identifier")


def from_identifiers(value: object, workspace: Workspace, at: str = "/identifiers") -> Reference:
    """Whom a v2 operation names: an object with exactly one identifier (contract §8.3). `at` points to it.

    Raises:
        InvalidRequest: naming the identifier that cannot be used.
    """
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object with one of id, email, cio_id", at)
    named = {kind: text for kind, text in value.items() if text is not None}
    if "phone" in named:
        raise InvalidRequest("this version does not identify people by phone", f"{at}/phone")
    if len(named) != 1 or not named.keys() <= set(IdKind):
        raise InvalidRequest("must have exactly one of id, email, cio_id", at)
    kind, given = next(iter(named.items()))
    pointer = f"{at}/{kind}"
    reference = Reference(IdKind(kind), _trimmed(IdKind(kind), identifier(given, pointer)))
    if reference.kind is IdKind.CIO_ID:
        return Reference(IdKind.CIO_ID, reference.value.removeprefix("cio_"))
    if reference.kind is IdKind.EMAIL:
        if not workspace.email_is_unique:
            raise InvalidRequest("this workspace does not identify people by e-mail", pointer)
        if not looks_like_email(reference.value):
            raise InvalidRequest("is not an e-mail address", pointer)
    return _checked(reference, pointer)


def _checked(reference: Reference, pointer: str) -> Reference:
    if not reference.value.strip():
        raise InvalidRequest("the identifier is empty", pointer)
    limit = MAX_EMAIL_BYTES if reference.kind is IdKind.EMAIL else MAX_ID_BYTES
    if len(reference.value.encode()) > limit:
        raise InvalidRequest(f"the identifier is longer than {limit} bytes", pointer)
    return reference


def read_identify(reference: Reference, attributes: dict[str, Any], at: object = None) -> Identify:
    """An identify call from its attributes; `at` is v2's `timestamp` (contract §8.1).

    Raises:
        InvalidRequest: naming the attribute that is wrong or too large.
    """
    changes = {
        name: value for name, value in attributes.items() if name not in INSTRUCTIONS and name not in ("id", "email")
    }
    check_attributes(changes)
    if not may_be_created_at(changes.get("created_at")):
        raise InvalidRequest("must be Unix seconds", "/created_at")
    moment = attributes.get("_timestamp")
    return Identify(
        reference,
        changes,
        id=_body_identifier(attributes, IdKind.ID),
        email=_body_identifier(attributes, IdKind.EMAIL),
        update_only=_flag(attributes.get("_update"), "/_update"),
        at=seconds(moment, "/_timestamp") if moment is not None else seconds(at, "/timestamp"),
        anonymous_id=anonymous_id(attributes),
    )


def anonymous_id(body: dict[str, Any]) -> str | None:
    """The anonymous_id of a call; None for none.

    Raises:
        InvalidRequest: not a text, or too long.
    """
    value = body.get("anonymous_id")
    if value is None or value == "":
        return None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise InvalidRequest("must be a string", "/anonymous_id")
    if len(str(value).encode()) > MAX_ID_BYTES:
        raise InvalidRequest(f"is longer than {MAX_ID_BYTES} bytes", "/anonymous_id")
    return str(value)


def read_merge(value: dict[str, Any], workspace: Workspace) -> Merge:
    """A merge: two people, each by exactly one identifier (contract §8, §8.5).

    Raises:
        InvalidRequest: naming the one that cannot be used.
    """
    one, other = (from_identifiers(value.get(name), workspace, f"/{name}") for name in ("primary", "secondary"))
    return Merge(one, other)


def _body_identifier(attributes: dict[str, Any], kind: IdKind) -> str | None:
    """None when not mentioned, "" to clear it."""
    if kind.value not in attributes:
        return None
    value = attributes[kind.value]
    if value is None or value == "":
        return ""
    pointer = f"/{kind.value}"
    return _checked(Reference(kind, _trimmed(kind, identifier(value, pointer))), pointer).value


def _trimmed(kind: IdKind, value: str) -> str:
    return value.strip() if kind is IdKind.EMAIL else value


def _flag(value: object, pointer: str) -> bool:
    if value in (None, False, "false", ""):
        return False
    if value in (True, "true"):
        return True
    raise InvalidRequest("must be true or false", pointer)


def seconds(value: object, pointer: str) -> int | None:
    """Unix seconds, as a number or as digits; None when absent.

    Raises:
        InvalidRequest: anything else, or milliseconds.
    """
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise InvalidRequest("must be Unix seconds", pointer)
    return int(value)


def read_event(
    reference: Reference,
    *,
    name: object,
    kind: object,
    event_id: object,
    at: object,
    data: object,
    data_key: str,
) -> Event:
    """An event; `data_key` is what the caller's API calls its data (contract §1.6, §8.2).

    Raises:
        InvalidRequest: naming the field that is wrong or too large.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidRequest("an event needs a name", "/name")
    name = name.strip()
    if len(name.encode()) > MAX_EVENT_NAME_BYTES:
        raise InvalidRequest(f"the event name is longer than {MAX_EVENT_NAME_BYTES} bytes", "/name")
    if kind not in EVENT_KINDS:
        raise InvalidRequest(f"must be one of {', '.join(EVENT_KINDS)}", "/type")
    if event_id is not None and not isinstance(event_id, str):
        raise InvalidRequest("must be a string", "/id")
    if event_id and len(event_id.encode()) > MAX_ID_BYTES:
        raise InvalidRequest(f"is longer than {MAX_ID_BYTES} bytes", "/id")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise InvalidRequest("must be an object", f"/{data_key}")
    if len(msgspec.json.encode(data)) > MAX_EVENT_DATA_BYTES:
        raise InvalidRequest(f"the event's data is larger than {MAX_EVENT_DATA_BYTES} bytes", f"/{data_key}")
    return Event(reference, kind, name, data, event_id=event_id or None, at=seconds(at, "/timestamp"))


def read_device(reference: Reference, value: object, token_key: str) -> AddDevice:
    """A device; `token_key` is `id` in v1 and `token` in v2 (contract §7.1, §8.3).

    Raises:
        InvalidRequest: naming the field that is wrong or too large.
    """
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object", "/device")
    platform = value.get("platform")
    if platform not in _PLATFORMS:
        raise InvalidRequest(f"must be one of {', '.join(_PLATFORMS)}", "/device/platform")
    attributes = value.get("attributes")
    if attributes is None:
        attributes = {}
    if not isinstance(attributes, dict):
        raise InvalidRequest("must be an object", "/device/attributes")
    check_attributes(attributes)
    device = Device(
        read_token(value, token_key),
        platform,
        seconds(value.get("last_used"), "/device/last_used"),
        attributes,
    )
    return AddDevice(reference, device)


def read_token(device: object, token_key: str) -> str:
    """A device's token out of its object; raises like `read_device`."""
    if not isinstance(device, dict):
        raise InvalidRequest("must be an object", "/device")
    token = device.get(token_key)
    if not isinstance(token, str) or not token:
        raise InvalidRequest("a device needs its token", f"/device/{token_key}")
    if len(token.encode()) > MAX_VALUE_BYTES:
        raise InvalidRequest(f"is longer than {MAX_VALUE_BYTES} bytes", f"/device/{token_key}")
    return token
