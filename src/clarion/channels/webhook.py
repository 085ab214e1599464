# SPDX-License-Identifier: Apache-2.0
"""Webhooks: each message is one HTTP call to the URL that its template names (contract §12).

A call has its account's id in two headers, the same on every attempt, so whoever is called can tell a repeat. Many
hosts are called side by side, and one that is in trouble holds up its own messages only: they end as throttled, which
costs no attempt, and the provider as a whole is never away.
"""

import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from yarl import URL

from clarion.channels.base import Capabilities, Handover, Source, call_of
from clarion.channels.http_gate import Gate
from clarion.channels.http_session import Answer, HttpSession, NoAnswerError, NotReachedError, NotWantedError
from clarion.channels.lanes import Lanes
from clarion.channels.public_addresses import AddressError, Lookup, PublicAddresses, look_up
from clarion.channels.words import printable
from clarion.domain.errors import Permanent, SendError, SetupError, Temporary, Throttled, Unknown, detail_of
from clarion.domain.messages import CallMessage

DELIVERY_ID, IDEMPOTENCY_KEY = "x-cio-delivery-id", "x-cio-idempotency-key"
MOST_HOSTS = 10_000  # of which it is remembered how they did
ENOUGH = 1_000  # bytes of an answer's body, for people to read
ASKED_TO_WAIT_SECONDS = 5.0  # after a 429 that does not say how long
_LATER = frozenset({408, 425})


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How calls are made. Raises SetupError for what cannot be meant.

    `timeout` is in seconds, for a whole call (contract §12: 4 s); `connections` calls at once in a process, of which
    `per_host` to one host.
    """

    timeout: float = 4.0
    connections: int = 50
    per_host: int = 10
    allow_private_addresses: bool = False
    ca_file: str = ""

    def __post_init__(self) -> None:
        for name in ("timeout", "connections", "per_host"):
            if not getattr(self, name) > 0:
                raise SetupError(f"webhook: {name} must be more than 0")

    def tls_context(self) -> ssl.SSLContext:
        """The rules for certificates: always checked. Raises SetupError: bad `ca_file`."""
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:  # ssl.SSLError is one
            raise SetupError(f"webhook: ca_file {self.ca_file} cannot be used: {error}") from error


class _Request:
    """The body of one call; see `http_session.Body`."""

    def __init__(self, handover: Handover, body: bytes) -> None:
        self.size = len(body)
        self._handover = handover
        self._body = body

    def begin(self) -> bytes:
        if not self._handover.begin():
            raise NotWantedError
        return self._body


class WebhookProvider:
    """See `Deliverer`. Several `deliver` share its connections; `clock`, in seconds, measures pauses."""

    name = "webhook"

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        lookup: Lookup = look_up,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.capabilities = Capabilities(channel="webhook", connections=settings.connections)
        self._per_host = min(settings.per_host, settings.connections)
        self._addresses = PublicAddresses(
            "webhook.allow_private_addresses",
            allow_private=settings.allow_private_addresses,
            timeout=settings.timeout,
            lookup=lookup,
        )
        self._session = HttpSession(settings, {}, self._addresses, enough=ENOUGH)
        self._lanes = Lanes(settings.connections, self._make)  # so that no call waits for a connection on its time
        self._clock = clock
        self._gates: OrderedDict[URL, Gate] = OrderedDict()

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`; never raises Away."""
        await self._lanes.deliver(source)

    async def close(self) -> None:
        """Hang up idle connections; safe to call twice."""
        await self._session.close()

    async def _make(self, handover: Handover) -> None:
        """One call, to its end."""
        try:
            message = call_of(handover)
            url = self._checked(message.url)
            gate = self._gate_of(url)
        except SendError as error:
            handover.failed(error)
            return
        except Exception as error:  # noqa: BLE001 - a defect met by one message must not lose the chunk
            handover.failed(Temporary(f"internal error: {detail_of(error)}"))
            return
        await gate.enter()
        try:
            away = gate.away()
            if away is not None:
                handover.failed(Throttled(away.words, max(1.0, away.retry_after)))
                return
            await self._call(handover, message, url, gate)
        finally:
            gate.leave()

    async def _call(self, handover: Handover, message: CallMessage, url: URL, gate: Gate) -> None:
        began = gate.now()
        ids = ((DELIVERY_ID, message.delivery_id), (IDEMPOTENCY_KEY, message.delivery_id))
        request = _Request(handover, message.body.encode())
        try:
            answer = await self._session.call(message.method.value.upper(), url, request, (*message.headers, *ids))
        except NotWantedError:
            handover.untouched()
        except AddressError as error:
            handover.failed(_refused(error))
        except NotReachedError as error:
            gate.troubled(error.words, began)
            away = gate.away()
            handover.failed(Throttled(error.words, max(1.0, away.retry_after) if away is not None else 1.0))
        except NoAnswerError as error:
            gate.troubled(error.words, began, spare_first=True)
            handover.failed(Unknown(error.words))
        else:
            end = _read(answer, gate, began)
            if isinstance(end, str):
                handover.sent(end)
            else:
                handover.failed(end)

    def _checked(self, text: str) -> URL:
        """The URL to call. Raises Permanent."""
        try:
            url = URL(text, encoded=text.isascii())  # to the letter: re-quoting one that is signed would break it
            port = url.port
        except ValueError:
            raise Permanent("the url is not valid", "invalid_address") from None
        if url.scheme not in {"http", "https"} or not url.raw_host or not port:
            raise Permanent("the url is not valid", "invalid_address")
        try:
            self._addresses.check(url.raw_host)
        except AddressError as error:
            raise _refused(error) from None
        return url

    def _gate_of(self, url: URL) -> Gate:
        origin = url.origin()
        gate = self._gates.get(origin)
        if gate is None:
            gate = self._gates[origin] = Gate(self._per_host, self._clock)
            while len(self._gates) > MOST_HOSTS:
                self._gates.popitem(last=False)
        self._gates.move_to_end(origin)
        return gate


def _refused(error: AddressError) -> SendError:
    words = printable(error.words)
    return Temporary(words) if error.temporary else Permanent(words, "invalid_address")


def _read(answer: Answer, gate: Gate, began: float) -> str | SendError:
    """What an answer means for its message; the gate learns what it says of the host."""
    status, words = answer.status, answer.words
    if 200 <= status < 300:
        gate.worked(began)
        return words
    if status in {429, 503} and (status == 429 or answer.retry_after is not None):
        seconds = answer.retry_after or ASKED_TO_WAIT_SECONDS
        gate.told(words, seconds)
        return Throttled(words, seconds)
    if status >= 500:
        gate.troubled(words, began, spare_first=True)
        return Temporary(words)
    gate.worked(began)
    return Temporary(words) if status in _LATER else Permanent(words, "refused")
