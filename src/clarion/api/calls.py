# SPDX-License-Identifier: Apache-2.0
"""One HTTP call as a handler sees it: who calls, with what, and how to reach the store."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from clarion.api.bodies import object_of, read_body, read_json
from clarion.api.known_attributes import KnownAttributes
from clarion.api.known_keys import KnownKeys
from clarion.api.limits import Limits
from clarion.api.outages import Outages
from clarion.api.passwords import Passwords
from clarion.api.schemas import Reference
from clarion.channels.base import Deliverer, Outbox
from clarion.channels.registry import Sending
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.errors import MalformedRequest, NotFound
from clarion.domain.roles import Need
from clarion.pipeline.erasure import BlankMail
from clarion.pipeline.tracing import UNTRACED, Tracing
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.jobs import Jobs
from clarion.store.numbers import PersonNumbers

T = TypeVar("T")
_SEARCHES = 2


class Fetched(NamedTuple):
    """What a URL serves, and as which kind of thing; "" where it does not say."""

    content: bytes
    media_type: str = ""


Fetch = Callable[[str, int], Awaitable[Fetched]]
Family = Literal["app", "track_v1", "track_v2"]
Scope = Literal["app", "manage", "track", "none"]


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """Limits and facts that come from the settings.

    `trigger_interval_seconds`: the 10-second rule (0 switches it off); `trigger_queue`: unfinished triggers per
    broadcast; `base_url`: where this server is reached from outside, without a slash at the end; `open_outbox`:
    whether captured mail is shown without a key (the demo); `stream_bytes`: the largest streamed body;
    `doubt_policy`: of a new broadcast that names none; `blank_mail` blanks an erased person's captured mail;
    `ip_addresses`: where our messages come from;
    `sending`: by which provider each channel's messages go, none where nobody may know;
    `per_domain`: the most e-mails a second to recipients of a domain;
    `listening`: the providers that may tell what became of messages, and whether they are believed;
    `bounce_mailbox`: the name of the mailbox that bounces come to, "" for none;
    `fetch` gets what a URL serves, at most so many bytes, and raises InvalidRequest; None: nothing is fetched.
    """

    base_url: str
    region: str = "us"
    trigger_interval_seconds: float = 10.0
    trigger_queue: int = 5
    open_outbox: bool = False
    doubt_policy: DoubtPolicy = DoubtPolicy.HOLD
    stream_bytes: int = 10 * 2**30
    blank_mail: BlankMail | None = None
    ip_addresses: tuple[str, ...] = ()
    fetch: Fetch | None = None
    sending: tuple[Sending, ...] = ()
    per_domain: Mapping[str, float] = field(default_factory=dict)
    listening: tuple[tuple[str, bool], ...] = ()
    bounce_mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """What every handler may use.

    `outbox` gives a workspace's captured mail, `threads` runs the store's blocking calls, `secret` keys delivery
    ids; `limits`: None where calls are not counted. `searches` bounds the calls that read many people at once, so that
    they leave threads to the others. `provider` makes one for
    test messages, inside the event loop: of a channel's first account, or of one by its name.
    """

    store: Store
    jobs: Jobs
    numbers: PersonNumbers
    outbox: Callable[[int], Outbox] | None
    threads: Executor
    secret: bytes
    options: ApiOptions
    tracing: Tracing = UNTRACED
    limits: Limits | None = None
    known_keys: KnownKeys = field(default_factory=KnownKeys)
    known_attributes: KnownAttributes = field(default_factory=KnownAttributes)
    outages: Outages = field(default_factory=Outages)
    passwords: Passwords = field(default_factory=Passwords)
    provider: Callable[..., Deliverer] | None = None
    searches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_SEARCHES))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a snapshot, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.store.read, work)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.store.write, work)

    async def run(self, work: Callable[[], T]) -> T:
        """Run blocking work that opens its own transactions, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose key was checked."""

    request: Request
    api: Api
    workspace: Workspace
    by: str = ""  # the name of the key, or the e-mail of whoever is signed in
    user_id: int = 0  # of whoever is signed in; 0: a key

    def text(self, name: str) -> str:
        """A path segment, percent-decoded (routes match the raw path, contract §15.1).

        Raises:
            MalformedRequest: not UTF-8, or it holds a NUL character.
        """
        try:
            value = unquote(self.request.path_params[name], errors="strict")
        except UnicodeDecodeError:
            raise MalformedRequest("is not valid UTF-8", f"/{name}") from None
        if "\0" in value:
            raise MalformedRequest("contains a NUL character", f"/{name}")
        return value

    def number(self, name: str) -> int:
        """A numeric path segment.

        Raises:
            MalformedRequest: not a whole number (contract §15.13).
            NotFound: a number larger than any that is given to something.
        """
        value = self.text(name)
        if not (value.isascii() and value.isdigit()):
            raise MalformedRequest(f"must be a number, not {value[:40]!r}", f"/{name}")
        if len(value) > 18:
            raise NotFound
        return int(value)

    def query(self, name: str, default: str = "") -> str:
        """A query parameter as text."""
        value = self.request.query_params.get(name, default)
        if "\0" in value:
            raise MalformedRequest("contains a NUL character", f"/{name}")
        return value

    def query_number(self, name: str, default: int, *, low: int = 0, high: int = 2**53) -> int:
        """A whole number between `low` and `high` from the query.

        Raises:
            MalformedRequest: not a whole number in that range.
        """
        value = self.query(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit()) or len(value) > 18 or not low <= int(value) <= high:
            raise MalformedRequest(f"must be a whole number from {low} to {high}", f"/{name}")
        return int(value)

    def query_flag(self, name: str) -> bool:
        """`true` or `false` from the query; absent is false.

        Raises:
            MalformedRequest: anything else.
        """
        value = self.query(name).lower()
        if value not in {"", "true", "false", "1", "0"}:
            raise MalformedRequest("must be true or false", f"/{name}")
        return value in {"true", "1"}

    async def json(self, limit: int = 1_000_000) -> Any:
        """The body as JSON; an empty body is None. See `bodies.read_json` for what it raises."""
        return await read_json(self.request, limit)

    async def json_object(self, limit: int = 1_000_000) -> dict[str, Any]:
        """The body as a JSON object; an empty body is {}.

        Raises:
            MalformedRequest: something other than an object.
        """
        return object_of(await read_body(self.request, limit))


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route as data: what answers it, which key it takes, how its errors look, and what the reference says of it.

    `sends`: it makes messages, so it takes an Idempotency-Key and counts against the limit of sends. `needs`: what
    whoever calls must be allowed, where it is not the rule of `need`.
    """

    method: str
    path: str
    handler: Handler
    scope: Scope
    family: Family
    summary: str
    aliases: tuple[str, ...] = field(default=())
    open_in_demo: bool = False
    sends: bool = False
    reference: Reference = field(default_factory=Reference)
    needs: Need | None = None

    @property
    def need(self) -> Need:
        """What it asks of whoever calls: GETs look, what makes messages sends, anything else edits."""
        if self.needs is not None:
            return self.needs
        if self.method == "GET":
            return Need.READ
        return Need.SEND if self.sends else Need.EDIT


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; the newline at the end is Customer.io's habit (contract §1.4)."""
    return Response(
        msgspec.json.encode(value) + b"\n",
        status,
        headers=headers,
        media_type="application/json; charset=utf-8",
    )


def nothing() -> Response:
    """204 without a body."""
    return Response(status_code=204)
