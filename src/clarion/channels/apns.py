# SPDX-License-Identifier: Apache-2.0
"""Push through Apple's push notification service, over HTTP/2.

We sign in with a token that our own key signs; it is made anew before the hour after which Apple refuses it, and once
when it is refused. Each call's `apns-id` is that of its delivery and device, and `apns-collapse-id` that of the
delivery, so that a repeat replaces what is shown. Written after developer.apple.com/documentation/usernotifications
(sending-notification-requests-to-apns, establishing-a-token-based-connection-to-apns,
handling-notification-responses-from-apns).
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import httpx
import msgspec

from clarion import __version__
from clarion.channels import jwt
from clarion.channels.http_gate import Gate
from clarion.channels.http_session import CONNECT_SECONDS, MAX_RETRY_AFTER_SECONDS, HttpSettings, NotWantedError
from clarion.channels.push_service import SET_UP_SECONDS, Gone, Start, aps_of, custom, ids_of, own_payload
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SendError, SetupError, Temporary, Throttled, Unknown, detail_of
from clarion.domain.messages import PartsMessage
from clarion.domain.push import PushDevice

PRODUCTION, SANDBOX = "https://api.push.apple.com", "https://api.sandbox.push.apple.com"
TOKEN_SECONDS = 3_000.0  # Apple refuses one after an hour, and a new one within 20 minutes of the last
LEAST_TOKEN_SECONDS = 1_200.0
MOST_BYTES = 4_096
MOST_ANSWER = 4_096  # bytes of an answer's body that are read
IDLE_SECONDS = 300.0
_SAME_DEVICE_SECONDS = 30.0  # after too many messages to one device
_WRONG_DEVICE = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic", "MissingDeviceToken"})
_SET_UP = frozenset({"BadTopic", "MissingTopic", "TopicDisallowed", "BadEnvironmentKeyInToken"})
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who we are: the key out of Apple's p8 file, its id, our team's, and the app's bundle id."""

    key: jwt.Key = field(repr=False)
    key_id: str
    team_id: str
    topic: str

    @classmethod
    def of_file(cls, path: str, key_id: str, team_id: str, topic: str) -> "Signer":
        """Raises SetupError: the file cannot be read, or is no key of Apple's; one of the others is missing."""
        for name, text in (("apns_key_id", key_id), ("apns_team_id", team_id), ("apns_topic", topic)):
            if not text or not text.isascii() or not text.isprintable():
                raise SetupError(f"push: {name} is missing, beside apns_key")
        try:
            return cls(jwt.private_key(Path(path).read_bytes()), key_id, team_id, topic)
        except OSError as error:
            raise SetupError(f"push: apns_key {path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise SetupError(f"push: apns_key {path}: {error}") from None


class Apns:
    """See `push_service.Service`; `clock` measures pauses, `now` is Unix seconds."""

    name = "apns"

    def __init__(
        self,
        signer: Signer,
        http: HttpSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.gate = Gate(http.connections, clock)
        self._signer = signer
        self._http = http
        self._tls = http.tls_context()
        self._now = now
        self._token = ""
        self._made = float("-inf")
        self._client: httpx.AsyncClient | None = None
        self._closed = False

    async def push(self, message: PartsMessage, device: PushDevice, start: Start) -> str | SendError:
        """See `Service.push`."""
        body = msgspec.json.encode(self.payload(message, device))
        if len(body) > MOST_BYTES:
            return Permanent(f"the payload has {len(body)} bytes, Apple takes {MOST_BYTES}", "too_large")
        began = self.gate.now()
        answer = await self._call(message, device, body, start, began)
        if isinstance(answer, httpx.Response) and _reason(answer) == "ExpiredProviderToken" and self._renewed():
            answer = await self._call(message, device, body, start, began)
        return self._read(answer, began) if isinstance(answer, httpx.Response) else answer

    async def close(self) -> None:
        """See `Service.close`."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def payload(self, message: PartsMessage, device: PushDevice) -> dict[str, Any]:
        """The notification's JSON for one device."""
        own = own_payload(message, "ios")
        return {**custom(message), **(aps_of(message) if own is None else own), **ids_of(message, device)}

    async def _call(
        self, message: PartsMessage, device: PushDevice, body: bytes, start: Start, began: float
    ) -> httpx.Response | SendError:
        if self._closed:
            return Throttled("the provider is closed", 1.0)
        written = _Written(body, start)
        try:
            return await self._opened().post(
                f"{self._http.url.rstrip('/')}/3/device/{quote(device.token, safe='')}",
                content=written,
                headers={
                    "authorization": f"bearer {self._signed_in()}",
                    "content-length": str(len(body)),
                    "apns-topic": self._signer.topic,
                    "apns-push-type": "alert",
                    "apns-priority": "10",
                    "apns-id": str(uuid5(NAMESPACE_URL, f"{message.delivery_id}/{device.token}")),
                    "apns-collapse-id": message.delivery_id[:64],
                },
            )
        except NotWantedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: what counts is whether the body was begun
            if written.defect is not None:
                raise written.defect from None
            words = printable(detail_of(error))
            if not written.begun:
                words = f"cannot connect to Apple: {words}"
                self.gate.troubled(words, began)
                return Throttled(words, 1.0)
            timed_out = isinstance(error, httpx.TimeoutException)
            words = f"no answer within {self._http.timeout:g} s" if timed_out else f"no complete answer: {words}"
            self.gate.troubled(words, began, spare_first=True)
            return Unknown(words)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            limit = self._http.timeout
            self._client = httpx.AsyncClient(
                http1=False,
                http2=True,
                verify=self._tls,
                trust_env=False,
                timeout=httpx.Timeout(limit, connect=min(limit, CONNECT_SECONDS)),
                limits=httpx.Limits(max_connections=self._http.connections, keepalive_expiry=IDLE_SECONDS),
                headers={"User-Agent": f"Clarion/{__version__}"},
            )
        return self._client

    def _signed_in(self) -> str:
        if not self._token or self._now() - self._made >= TOKEN_SECONDS:
            self._made = self._now()
            claims = {"iss": self._signer.team_id, "iat": int(self._made)}
            self._token = jwt.signed(claims, self._signer.key, kid=self._signer.key_id)
        return self._token

    def _renewed(self) -> bool:
        """Throw a refused token away, unless it is so new that another would be refused, too."""
        if self._now() - self._made < LEAST_TOKEN_SECONDS:
            return False
        self._token = ""
        return True

    def _read(self, answer: httpx.Response, began: float) -> str | SendError:
        """What an answer means for its device; the gate learns what it says of the service."""
        status, reason = answer.status_code, _reason(answer)
        words = printable(f"{status} {reason or answer.headers.get('apns-id', '')}")
        if status == 200:
            self.gate.worked(began)
            return words
        if status == 410:
            self.gate.worked(began)
            return Gone(words)
        if status == 429 and reason != "TooManyProviderTokenUpdates":
            self.gate.worked(began)
            return Throttled(words, _retry_after(answer) or _SAME_DEVICE_SECONDS)
        if status == 503 and (seconds := _retry_after(answer)) is not None:
            self.gate.told(words, seconds)
            return Throttled(words, seconds)
        if status >= 500 or reason == "IdleTimeout":
            self.gate.troubled(words, began, spare_first=True)
            return Temporary(words)
        if status == 413:
            self.gate.worked(began)
            return Permanent(words, "too_large")
        if status == 400 and reason not in _SET_UP:
            self.gate.worked(began)
            # A token of the other environment is refused in the same words, so that no device goes for it.
            return Permanent(words, "invalid_address" if reason in _WRONG_DEVICE else "refused")
        # The key, the team or the topic is wrong, and no message is to blame.
        self.gate.told(words, SET_UP_SECONDS)
        return Throttled(words, SET_UP_SECONDS)


class _Written(httpx.AsyncByteStream):
    """A body that is asked for when there is a connection to write it to."""

    def __init__(self, body: bytes, start: Start) -> None:
        self.begun = False
        self.defect: Exception | None = None
        self._body = body
        self._start = start

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            self._start()
        except Exception as error:
            self.defect = error
            raise
        self.begun = True
        yield self._body


def _reason(answer: httpx.Response) -> str:
    """Apple's word for what is wrong; "" where there is none."""
    try:
        found = msgspec.json.decode(answer.content)
    except _UNREADABLE:
        return ""
    reason = found.get("reason") if isinstance(found, dict) else None
    return reason if isinstance(reason, str) else ""


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return min(max(1.0, float(text[:9])), MAX_RETRY_AFTER_SECONDS) if text.isascii() and text.isdigit() else None
