# SPDX-License-Identifier: Apache-2.0
"""Which of a person's devices a push message goes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.domain.channels import PLATFORMS, device_token
from clarion.domain.errors import InvalidRequest
from clarion.domain.people import MAX_VALUE_BYTES, Device

ALL, LAST_USED = "all", "last_used"
MOST_DEVICES = 25  # of one person that a message goes to: those used last
_APNS_DIGITS = 64  # at least so many hexadecimal digits has a token of Apple's service


@dataclass(frozen=True, slots=True)
class PushDevice:
    """One device that a message goes to."""

    token: str
    platform: str
    last_used: int | None = None


def shows_push(attributes: Mapping[str, Any]) -> bool:
    """Whether a device with these attributes shows what is pushed to it: apps tell where its user switched that off."""
    return str(attributes.get("push_enabled")).lower() not in {"false", "0"}


def chosen(devices: Iterable[PushDevice], to: str) -> tuple[PushDevice, ...]:
    """Those that a message goes to, the one used last first. `to`: ``all``, ``last_used``, or tokens between commas."""
    found = sorted(devices, key=lambda one: (-(one.last_used or 0), one.token))
    wanted = to.strip()
    if wanted in {"", ALL}:
        return tuple(found[:MOST_DEVICES])
    if wanted == LAST_USED:
        return tuple(found[:1])
    named = {token.strip() for token in wanted.split(",")}
    return tuple(one for one in found if one.token in named)[:MOST_DEVICES]


def listed(devices: Iterable[PushDevice]) -> str:
    """Where a message goes, as lists show it and `tokens_of` reads it."""
    return ", ".join(one.token for one in devices)


def tokens_of(recipient: str) -> list[str]:
    """The tokens of `listed`."""
    return [token for token in recipient.split(", ") if token]


def unknown_device(text: str) -> PushDevice:
    """The device of a token of which nothing else is known; Apple's own tokens are hexadecimal, others are not."""
    hexadecimal = len(text) >= _APNS_DIGITS and all(digit in "0123456789abcdefABCDEF" for digit in text)
    return PushDevice(text, "ios" if hexadecimal else "android")


def parse_device(value: object, where: str) -> Device:
    """A device that comes with a call: ``{token, platform, last_used?, attributes?}``.

    Raises:
        InvalidRequest: naming the key below `where`.
    """
    if not isinstance(value, Mapping):
        raise InvalidRequest("must be an object", where)
    for key in value:
        if key not in {"token", "id", "platform", "last_used", "attributes"}:
            raise InvalidRequest("may hold token, platform, last_used and attributes", where)
    given = value.get("token") or value.get("id")
    if not isinstance(given, str) or not 0 < len(given.encode()) <= MAX_VALUE_BYTES:
        raise InvalidRequest(f"must be a text of 1 to {MAX_VALUE_BYTES} bytes", f"{where}/token")
    try:
        found = device_token(given)
    except ValueError as error:
        raise InvalidRequest(str(error), f"{where}/token") from None
    if value.get("platform") not in PLATFORMS:
        raise InvalidRequest(f"must be one of {', '.join(PLATFORMS)}", f"{where}/platform")
    used, attributes = value.get("last_used"), value.get("attributes")
    if used is not None and (isinstance(used, bool) or not isinstance(used, int) or not 0 <= used < 2**53):
        raise InvalidRequest("must be Unix seconds", f"{where}/last_used")
    if attributes is not None and not isinstance(attributes, dict):
        raise InvalidRequest("must be an object", f"{where}/attributes")
    kept: dict[str, Any] = dict(attributes or {})
    return Device(found, str(value["platform"]), used, kept)
