# SPDX-License-Identifier: Apache-2.0
"""What the services have in common that carry a push message to one device."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from clarion.channels.base import Handover
from clarion.channels.http_gate import Gate
from clarion.channels.http_session import NotWantedError
from clarion.domain.errors import Permanent, SendError
from clarion.domain.messages import PartsMessage
from clarion.domain.push import PushDevice

DELIVERY_ID, DELIVERY_TOKEN = "CIO-Delivery-ID", "CIO-Delivery-Token"  # what Customer.io's SDKs report opens with
SET_UP_SECONDS = 60.0  # until a service is asked again that refused our key


class Gone(Permanent):
    """The device is no more: the app was removed, or its token replaced."""

    def __init__(self, words: str) -> None:
        super().__init__(words, "invalid_address")


class Service(Protocol):
    """One service; used from one event loop."""

    name: str
    gate: Gate

    async def push(self, message: PartsMessage, device: PushDevice, start: "Start") -> str | SendError:
        """Hand a message over for one device; words mean that it was taken.

        Raises:
            NotWantedError: it must not go out any more; nothing of it did.
        """
        ...

    async def close(self) -> None:
        """Hang up; safe to call twice."""
        ...


class Start:
    """The beginning of one message, whichever device's call is the first to be written."""

    def __init__(self, handover: Handover) -> None:
        self.begun = False
        self._handover = handover

    def __call__(self) -> None:
        """To be called right before a call's body is written. Raises NotWantedError."""
        self.begun = self.begun or self._handover.begin()
        if not self.begun:
            raise NotWantedError


class Written:
    """The body of one call; see `http_session.Body`. Without a `start` it is no message's."""

    def __init__(self, body: bytes, start: Callable[[], None] | None = None) -> None:
        self.size = len(body)
        self._body = body
        self._start = start

    def begin(self) -> bytes:
        """See `http_session.Body`."""
        if self._start is not None:
            self._start()
        return self._body


def ids_of(message: PartsMessage, device: PushDevice) -> dict[str, str]:
    """What an app reports an open with."""
    return {DELIVERY_ID: message.delivery_id, DELIVERY_TOKEN: device.token}


def custom(message: PartsMessage) -> dict[str, Any]:
    """The message's own data for the app."""
    found: dict[str, Any] = msgspec.json.decode(message.parts.get("custom_data") or "{}")
    return found


def own_payload(message: PartsMessage, platform: str) -> dict[str, Any] | None:
    """What stands in place of everything else, for devices of a platform: Customer.io's ``{"ios": {"message": …}}``."""
    payload = msgspec.json.decode(message.parts.get("custom_payload") or "{}").get(platform)
    if payload is None:
        return None
    inner = payload.get("message")
    found: dict[str, Any] = inner if isinstance(inner, dict) else payload
    return found


def aps_of(message: PartsMessage) -> dict[str, Any]:
    """Apple's part of a payload, with what Customer.io's SDK for iOS reads beside it."""
    parts = message.parts
    alert = {name: text for name, text in (("title", parts.get("title")), ("body", parts.get("message"))) if text}
    aps: dict[str, Any] = {"alert": alert, "mutable-content": 1}
    if parts.get("sound"):
        aps["sound"] = parts["sound"]
    if parts.get("badge"):
        aps["badge"] = int(parts["badge"])
    shown = {"link": parts.get("link"), "image": parts.get("image_url")}
    return {"aps": aps, "CIO": {"push": {name: text for name, text in shown.items() if text}}}


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two objects as one; where both have an object these are merged, too, else the second's value stands."""
    found = dict(first)
    for name, value in second.items():
        before = found.get(name)
        found[name] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found
