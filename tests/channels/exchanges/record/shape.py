# SPDX-License-Identifier: Apache-2.0
"""A request as the recordings hold it: what is sent, without how it was written down. Standard library only, because
the recorder, which has none of Clarion's packages, uses it, too."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

# Of a request's headers those that say something to the service.
TELLING = re.compile(
    r"accept|authorization|content-type|idempotency-key|x-postmark-server-token|x-batch-validation|apns-.*"
    r"|x-amz-.*|x-goog-api-format-version"
)


def shaped(method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """`path` with its query, which must say nothing. A token that was signed is shown as what it says."""
    found = {name.lower(): value for name, value in headers if TELLING.fullmatch(name.lower())}
    kind = found.get("content-type", "")
    if "content-type" in found:
        found["content-type"] = kind.partition(";")[0].strip()
    if "authorization" in found:
        found["authorization"] = _authorization(found["authorization"])
    return {"method": method, "path": path, "headers": dict(sorted(found.items())), "body": _body(kind, body)}


def _body(kind: str, body: bytes) -> Any:
    if kind.startswith("multipart/form-data"):
        return multipart(kind, body)
    if kind.startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        readers: dict[str, Callable[[str], Any]] = {"assertion": _assertion, "ContentVariables": json.loads}
        return {name: readers[name](value) if name in readers else value for name, value in form.items()}
    return json.loads(body)


def multipart(kind: str, body: bytes) -> dict[str, list[str]]:
    """The fields of a form (RFC 7578), each with its values, read by hand so that nothing in them is touched."""
    boundary = re.search(r'boundary="?([^";]+)"?', kind)
    assert boundary is not None
    first, *parts, last = body.split(f"--{boundary[1]}".encode())
    assert (first, last.strip()) == (b"", b"--")
    found: dict[str, list[str]] = {}
    for part in parts:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]+)"', head)
        assert name is not None
        key = name[1].decode() + (" (a file)" if b"filename=" in head else "")
        found.setdefault(key, []).append(value.removesuffix(b"\r\n").decode())
    return found


def _authorization(text: str) -> Any:
    scheme, _, given = text.partition(" ")
    if scheme == "AWS4-HMAC-SHA256":  # its signature is looked at by itself
        return scheme
    if scheme.lower() == "bearer" and given.count(".") == 2:
        return {scheme: _assertion(given)}
    if scheme == "Basic":
        return {scheme: base64.b64decode(given).decode()}
    return text


def _assertion(token: str) -> dict[str, Any]:
    """What a JSON Web Token says; its moments only by how long it holds."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    if "exp" in claims:
        claims["exp"] = f"iat + {claims['exp'] - claims['iat']}"
    return {**header, **{name: "now" if name == "iat" else value for name, value in claims.items()}}


def body_of(told: dict[str, Any], tail: str = "") -> bytes:
    """The body of a recorded event webhook, byte for byte as it was signed: a form, JSON in an envelope, or JSON."""
    if "form" in told:
        return urlencode(told["form"]).encode()
    if "envelope" in told:
        event = told["event"] if isinstance(told["event"], str) else compact(told["event"])
        return compact({**told["envelope"], "Message": event}).encode()
    return (compact(told["payload"]) + tail).encode()


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def leaves(value: Any, name: str = "") -> Mapping[str, Any]:
    """Everything that a recording holds, by its name: ``body.to[0].email``."""
    if isinstance(value, dict) and value:
        return {k: v for key, one in value.items() for k, v in leaves(one, f"{name}.{key}".lstrip(".")).items()}
    if isinstance(value, list) and value:
        return {k: v for place, one in enumerate(value) for k, v in leaves(one, f"{name}[{place}]").items()}
    return {name: value}


def written(value: Any, depth: int = 0) -> str:
    """JSON for people: what fits on a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + depth <= 110 or not isinstance(value, dict | list) or not value:
        return line
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {written(one, depth + 1)}" for key, one in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{outer}}}"
    return "[\n" + ",\n".join(inner + written(one, depth + 1) for one in value) + f"\n{outer}]"
