# SPDX-License-Identifier: Apache-2.0
"""Push through Firebase Cloud Messaging's HTTP v1 API: Android, and iOS where its apps use Firebase's tokens.

We sign in as a service account: a JWT that we sign is changed for an access token of about an hour (RFC 7523), which is
fetched anew before it ends, and once when it is refused. FCM refuses no repeats; a repeat replaces what is shown of the
same message, by its tag. Written after firebase.google.com/docs/cloud-messaging (send/v1-api, error-codes) and
developers.google.com/identity/protocols/oauth2/service-account.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from yarl import URL

from clarion.channels import jwt
from clarion.channels.http_gate import Gate
from clarion.channels.http_session import Answer, HttpSession, HttpSettings, NoAnswerError, NotReachedError
from clarion.channels.push_service import (
    SET_UP_SECONDS,
    Gone,
    Start,
    Written,
    aps_of,
    custom,
    ids_of,
    merged,
    own_payload,
)
from clarion.domain.errors import Permanent, SendError, SetupError, Temporary, Throttled, Unknown
from clarion.domain.messages import PartsMessage
from clarion.domain.push import PushDevice

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HOUR = 3_600
_EARLY_SECONDS = 300.0  # before its end a token is fetched anew
_APPLE_KEY = "THIRD_PARTY_AUTH_ERROR"
_NO_DEVICE = "not a valid FCM registration token"  # which has the code of any other mistake
_QUOTA_SECONDS = 60.0  # FCM's own advice where a 429 does not say how long
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Account:
    """A service account, out of the JSON file that Google's console gives."""

    project: str
    email: str
    key: jwt.Key = field(repr=False)
    token_url: str

    @classmethod
    def of_file(cls, path: str) -> "Account":
        """Raises SetupError: the file cannot be read, or is no service account's."""
        try:
            found = msgspec.json.decode(Path(path).read_bytes(), type=_File)
            key = jwt.private_key(found.private_key.encode())
            return cls(found.project_id, found.client_email, key, found.token_uri)
        except OSError as error:
            raise SetupError(f"push: fcm_credentials {path} cannot be read: {error.strerror}") from None
        except (ValueError, *_UNREADABLE) as error:
            raise SetupError(f"push: fcm_credentials {path} is no service account's file: {error}") from None


class _File(msgspec.Struct):
    project_id: str
    client_email: str
    private_key: str
    token_uri: str


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int = _HOUR


class _Detail(msgspec.Struct):
    errorCode: str = ""  # noqa: N815 - FCM's own


class _Error(msgspec.Struct):
    status: str = ""
    details: list[_Detail] = []


class _Refusal(msgspec.Struct):
    error: _Error


_decode_refusal = msgspec.json.Decoder(_Refusal).decode


class _NoTokenError(Exception):
    def __init__(self, words: str, error: SendError) -> None:
        super().__init__(words)
        self.error = error


class Fcm:
    """See `push_service.Service`; `clock` measures pauses, `now` is Unix seconds."""

    name = "fcm"

    def __init__(
        self,
        account: Account,
        http: HttpSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.gate = Gate(http.connections, clock)
        self._account = account
        self._token_url = URL(HttpSettings("push", account.token_url).url)  # https, as what is signed with
        self._send_url = http.at(f"/v1/projects/{quote(account.project, safe='')}/messages:send")
        self._session = HttpSession(http, {"Accept": "application/json"})
        self._now = now
        self._token = ""
        self._ends = float("-inf")
        self._fetching = asyncio.Lock()

    async def push(self, message: PartsMessage, device: PushDevice, start: Start) -> str | SendError:
        """See `Service.push`."""
        body = msgspec.json.encode({"message": self.payload(message, device)})
        began = self.gate.now()
        answer = None
        try:
            for _ in range(2):
                token = await self._signed_in(began)
                headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {token}"))
                answer = await self._session.call("POST", self._send_url, Written(body, start), headers)
                if answer.status != 401 or _code(answer) == _APPLE_KEY:
                    break
                self._forget(token)
        except _NoTokenError as error:
            return error.error
        except NotReachedError as error:
            self.gate.troubled(error.words, began)
            return Throttled(error.words, 1.0)
        except NoAnswerError as error:
            self.gate.troubled(error.words, began, spare_first=True)
            return Unknown(error.words)
        return Unknown("no call was made") if answer is None else self._read(answer, began)

    async def close(self) -> None:
        """See `Service.close`."""
        await self._session.close()

    def payload(self, message: PartsMessage, device: PushDevice) -> dict[str, Any]:
        """FCM's ``message`` for one device."""
        ids = ids_of(message, device)
        own = own_payload(message, device.platform)
        if own is not None:
            made = {"apns": {"payload": own}} if "aps" in own else own
            return merged(made, {"token": device.token, "data": {**_texts(custom(message)), **ids}})
        parts = message.parts
        shown = {"title": parts.get("title"), "body": parts.get("message"), "image": parts.get("image_url")}
        data = {**_texts(custom(message)), **ids}
        if parts.get("link"):
            data["link"] = parts["link"]
        if parts.get("image_url"):
            data["image"] = parts["image_url"]
        found: dict[str, Any] = {
            "token": device.token,
            "notification": {name: text for name, text in shown.items() if text},
            "data": data,
        }
        if device.platform == "ios":
            headers = {"apns-collapse-id": message.delivery_id[:64]}
            return {**found, "apns": {"headers": headers, "payload": aps_of(message)}}
        android: dict[str, Any] = {"tag": message.delivery_id}
        if parts.get("sound"):
            android["sound"] = parts["sound"]
        if parts.get("badge"):
            android["notification_count"] = int(parts["badge"])
        return {**found, "android": {"notification": android}}

    def _read(self, answer: Answer, began: float) -> str | SendError:
        """What an answer means for its device; the gate learns what it says of the service."""
        status, words, code = answer.status, answer.words, _code(answer)
        if status == 200:
            self.gate.worked(began)
            return words
        if code == "UNREGISTERED" or (status == 400 and _NO_DEVICE in words):
            self.gate.worked(began)
            return Gone(words)
        if status == 429 or (status == 503 and answer.retry_after is not None):
            seconds = answer.retry_after or _QUOTA_SECONDS
            self.gate.told(words, seconds)
            return Throttled(words, seconds)
        if status >= 500:
            self.gate.troubled(words, began, spare_first=True)
            return Temporary(words)
        if code == "SENDER_ID_MISMATCH":
            self.gate.worked(began)
            return Permanent(words, "invalid_address")
        if status == 400:
            self.gate.worked(began)
            return Permanent(words, "refused")
        if code == _APPLE_KEY:  # of Firebase with Apple: Android's devices have nothing to do with it
            self.gate.worked(began)
            return Throttled(words, SET_UP_SECONDS)
        # The key, the project or the address of the service is wrong, and no message is to blame.
        self.gate.told(words, SET_UP_SECONDS)
        return Throttled(words, SET_UP_SECONDS)

    # Signing in

    async def _signed_in(self, began: float) -> str:
        """An access token that holds for a while. Raises _NoTokenError."""
        async with self._fetching:  # one fetches for all who wait
            if self._now() < self._ends - _EARLY_SECONDS:
                return self._token
            now = int(self._now())
            claims = {
                "iss": self._account.email,
                "scope": SCOPE,
                "aud": self._account.token_url,
                "iat": now,
                "exp": now + _HOUR,
            }
            assertion = jwt.signed(claims, self._account.key)
            body = Written(urlencode({"grant_type": _GRANT, "assertion": assertion}).encode())
            headers = (("Content-Type", "application/x-www-form-urlencoded"),)
            try:
                answer = await self._session.call("POST", self._token_url, body, headers)
            except (NotReachedError, NoAnswerError) as error:
                words = f"no access token: {error.words}"
                self.gate.troubled(words, began)
                raise _NoTokenError(words, Throttled(words, 1.0)) from None
            try:
                if answer.status != 200:
                    raise ValueError(answer.words)
                found = msgspec.json.decode(answer.body, type=_Token)
            except (ValueError, *_UNREADABLE):
                words = f"no access token: {answer.words}"
                self.gate.told(words, SET_UP_SECONDS)
                raise _NoTokenError(words, Throttled(words, SET_UP_SECONDS)) from None
            self._token, self._ends = found.access_token, now + max(found.expires_in, 2 * _EARLY_SECONDS)
            return self._token

    def _forget(self, token: str) -> None:
        """It was refused; whoever was slower must not throw away the next one."""
        if token == self._token:
            self._ends = float("-inf")


def _code(answer: Answer) -> str:
    """FCM's own code of an error, else Google's status."""
    try:
        found = _decode_refusal(answer.body).error
    except _UNREADABLE:
        return ""
    return next((one.errorCode for one in found.details if one.errorCode), found.status)


def _texts(data: dict[str, Any]) -> dict[str, str]:
    """FCM's data holds texts only."""
    return {name: one if isinstance(one, str) else msgspec.json.encode(one).decode() for name, one in data.items()}
