# SPDX-License-Identifier: Apache-2.0
"""Reading a request's body: bounded in size and nesting, JSON, nothing that a database cannot hold."""

import re
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from clarion.domain.errors import MalformedRequest, TooLarge

MAX_NESTING = 64
# Escapes one after the other, so that "\\ud800" is a backslash; group 1 is half of a pair without the other half.
_ESCAPES = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F])|.)", re.DOTALL)


async def read_body(request: Request, limit: int) -> bytes:
    """The body's bytes, at most `limit`.

    Raises:
        TooLarge: more than `limit` bytes; the rest is not read.
        MalformedRequest: the caller went away in the middle.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"the body is larger than {limit} bytes")
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise TooLarge(f"the body is larger than {limit} bytes")
    except ClientDisconnect:
        raise MalformedRequest("the connection closed before the whole body arrived") from None
    return bytes(body)


async def read_json(request: Request, limit: int) -> Any:
    """The body as a JSON value; None when it is empty.

    Raises:
        MalformedRequest: not UTF-8, not JSON, nested deeper than 64 levels, or a NUL character or a lone
            surrogate inside a string.
        TooLarge: more than `limit` bytes.
    """
    body = await read_body(request, limit)
    if not body.strip():
        return None
    return decode(body)


def decode(body: bytes) -> Any:
    """Bytes as a JSON value; raises like `read_json`."""
    try:
        value = msgspec.json.decode(body)
    except UnicodeDecodeError:
        raise MalformedRequest("the body is not valid UTF-8") from None
    except RecursionError:
        raise MalformedRequest(f"the body is nested deeper than {MAX_NESTING} levels") from None
    except (msgspec.DecodeError, ValueError) as error:
        if any(found[1] for found in _ESCAPES.finditer(body)):
            raise MalformedRequest("the body contains a lone surrogate") from None
        raise MalformedRequest(f"the body is not valid JSON: {error}") from None
    # Counting brackets costs nothing and clears nearly every body; only the rest is walked.
    if b"\\u0000" in body or body.count(b"{") + body.count(b"[") > MAX_NESTING:
        _check(value)
    return value


def _check(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_NESTING):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                if "\0" in item:
                    raise MalformedRequest("the body contains a NUL character")
            elif isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        level = below
    raise MalformedRequest(f"the body is nested deeper than {MAX_NESTING} levels")


def object_of(body: bytes) -> dict[str, Any]:
    """A body as a JSON object; an empty one, or null, is {}.

    Raises:
        MalformedRequest: as `read_json` does, or something other than an object.
    """
    value = decode(body) if body.strip() else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedRequest("the body must be a JSON object")
    return value
