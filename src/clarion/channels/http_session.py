# SPDX-License-Identifier: Apache-2.0
"""HTTP calls over kept connections, to one service or to whatever URL, that know whether a request went out.

It knows nothing of messages: a `Body` is asked for its bytes once, when there is a connection to write them to, and
every way in which a call can end without a complete answer is one of three exceptions.
"""

import ipaddress
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, AbstractStreamWriter
from yarl import URL

from clarion import __version__
from clarion.channels.public_addresses import AddressError
from clarion.channels.words import printable
from clarion.domain.errors import SetupError, detail_of

PIECE = 262_144  # bytes of a body in one write
MOST_ANSWER = 8_388_608  # bytes of an answer that are read
MAX_RETRY_AFTER_SECONDS = 3_600.0
IDLE_SECONDS = 15.0  # well below what servers keep: a connection that closes under a request leaves it in doubt
CONNECT_SECONDS = 10.0


class NotReachedError(Exception):
    """There was no connection: nothing went out. `words` says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NoAnswerError(Exception):
    """The body was begun and no complete answer came: the other side may have acted on it. `words` says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NotWantedError(Exception):
    """Raised by a body that must not go out any more; nothing of it did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `retry_after`: seconds the other side asks to wait, None if it does not say.

    `headers` are found by their names in lower case.
    """

    status: int
    body: bytes
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def words(self) -> str:
        """Status and the beginning of the body, for people, on one line."""
        return printable(f"{self.status} {self.body[:1_000].decode('utf-8', 'replace')}")


class Body(Protocol):
    """What a request carries."""

    size: int  # bytes

    def begin(self) -> bytes:
        """Its `size` bytes, asked for once, right before the first is written. Raises NotWantedError."""
        ...


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """One service and how to reach it. Raises SetupError, naming `name`, for what cannot be meant.

    `url` is https, or http on this machine only, because a token goes with each request. `ca_file` is a PEM file
    trusted in place of the system's. `timeout` is in seconds, for a whole call.
    """

    name: str
    url: str
    connections: int = 10
    timeout: float = 60.0
    ca_file: str = ""

    def __post_init__(self) -> None:
        try:
            url = URL(self.url)
        except ValueError:
            url = URL()
        if url.scheme not in {"http", "https"} or not url.host or url.user or url.query_string or url.fragment:
            raise SetupError(f"{self.name}: url must be https://host or https://host/path")
        if url.scheme == "http" and not _is_loopback(url.host):
            raise SetupError(f"{self.name}: url must be https: the token would cross the network in clear text")
        for name in ("connections", "timeout"):
            if not getattr(self, name) > 0:
                raise SetupError(f"{self.name}: {name} must be more than 0")

    def at(self, path: str) -> URL:
        """The address of `path` (``/email``) below `url`."""
        return URL(self.url.rstrip("/") + path, encoded=True)

    def tls_context(self) -> ssl.SSLContext:
        """The rules for certificates: always checked. Raises SetupError: bad `ca_file`."""
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:  # ssl.SSLError is one
            raise SetupError(f"{self.name}: ca_file {self.ca_file} cannot be used: {error}") from error


class Limits(Protocol):
    """What bounds the calls of a session; `connections` at once, `timeout` in seconds for a whole call."""

    @property
    def connections(self) -> int: ...  # noqa: D102
    @property
    def timeout(self) -> float: ...  # noqa: D102
    def tls_context(self) -> ssl.SSLContext: ...  # noqa: D102


class HttpSession:
    """Kept connections. `headers` go with each request and are never shown; `resolver`: whom it asks for hosts."""

    def __init__(
        self,
        limits: Limits,
        headers: dict[str, str],
        resolver: AbstractResolver | None = None,
        *,
        enough: int | None = None,
    ) -> None:
        """`enough`: bytes of an answer's body that are wanted, if it has them and they come in time."""
        self._limits = limits
        self._enough = enough
        self._tls = limits.tls_context()
        self._headers = {"User-Agent": f"Clarion/{__version__}", "Accept-Encoding": "identity", **headers}
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def call(self, method: str, url: URL, body: Body, headers: Sequence[tuple[str, str]] | None = None) -> Answer:
        """Send one request; redirects are answers, not followed, nothing is repeated.

        `headers` go with this one; with None it is JSON, else it has the Content-Type that they say, if any.

        Raises:
            NotReachedError, NoAnswerError: the one or the other, whatever went wrong.
            AddressError: the resolver refused the host; nothing went out.
            Exception: what `body.begin` raised, such as NotWantedError; nothing went out.
        """
        if self._closed:
            raise NotReachedError("the provider is closed")
        payload = _Payload(body)
        skipped = None if headers is None else ("Content-Type",)
        options: dict[str, Any] = {"data": payload, "headers": headers, "skip_auto_headers": skipped}
        try:
            async with self._opened().request(method, url, allow_redirects=False, **options) as response:
                if not payload.begun:  # an answer to nothing: said before we asked, so not about this request
                    response.close()
                    raise NotReachedError("the server spoke before it was asked")
                whole = _read(response) if self._enough is None else _beginning(response, self._enough)
                return Answer(response.status, await whole, _retry_after(response), response.headers)
        except (NotReachedError, NoAnswerError, AddressError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: what counts is whether the body was begun
            if payload.defect is not None:
                raise payload.defect from None
            raise self._failure(error, url, begun=payload.begun) from None
        finally:
            payload.over = True

    async def close(self) -> None:
        """Hang up; safe to call twice. Later calls are not reached."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = self._limits
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=limits.connections,
                    ssl=self._tls,
                    keepalive_timeout=IDLE_SECONDS,
                    resolver=self._resolver,
                ),
                timeout=aiohttp.ClientTimeout(total=limits.timeout, connect=min(limits.timeout, CONNECT_SECONDS)),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _failure(self, error: Exception, url: URL, *, begun: bool) -> NotReachedError | NoAnswerError:
        timed_out = isinstance(error, TimeoutError)
        if begun:
            limit = f"no answer within {self._limits.timeout:g} s"
            return NoAnswerError(limit if timed_out else printable(f"no complete answer: {detail_of(error)}"))
        why = "no connection in time" if timed_out else detail_of(error)
        return NotReachedError(printable(f"cannot connect to {url.host}: {why}"))


class _Payload(aiohttp.Payload):
    """A body for aiohttp, which asks for it when there is a connection."""

    def __init__(self, body: Body) -> None:
        super().__init__(body, content_type="application/json")
        self._size = body.size
        self._body = body
        self._autoclose = True
        self.begun = False
        self.over = False
        self.defect: Exception | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - aiohttp's signature
        """Never asked for: it would begin the body."""
        raise TypeError("a body is written once, not read")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Begin the body and write it."""
        if self.over or self.begun:
            raise ConnectionAbortedError("the call is over")
        try:
            data = self._body.begin()
        except Exception as error:
            self.defect = error
            raise
        self.begun = True
        if len(data) <= PIECE:
            await writer.write(data)
            return
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            await writer.write(view[start : start + PIECE])


async def _read(response: aiohttp.ClientResponse) -> bytes:
    stated = response.content_length
    if stated is not None and stated <= MOST_ANSWER:
        return await response.read()
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > MOST_ANSWER:
            response.close()
            raise ValueError("the answer is too long")
        pieces.append(piece)
    return b"".join(pieces)


async def _beginning(response: aiohttp.ClientResponse, enough: int) -> bytes:
    """What came of a body of which only the status matters."""
    found = b""
    try:
        async for piece in response.content.iter_any():
            found += piece
            if len(found) >= enough:
                response.close()  # with the rest of it under way the connection is of no more use
                break
    except (aiohttp.ClientError, OSError, TimeoutError):
        response.close()
    return found[:enough]


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """RFC 9110 §10.2.3: seconds or a date; what makes no sense is as if it were not there."""
    text = None if response.status == 200 else response.headers.get("Retry-After")
    if text is None:
        return None
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text[:9])
        else:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(1.0, seconds), MAX_RETRY_AFTER_SECONDS)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
