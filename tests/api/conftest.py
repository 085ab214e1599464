# SPDX-License-Identifier: Apache-2.0
"""The whole ASGI application in-process, a client for it, and a workspace whose keys are known."""

import asyncio
import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.types import ASGIApp, Message
from tests.support.jobs import LostJobs

from clarion.api import application
from clarion.api.calls import Api, ApiOptions
from clarion.store import access
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (names in lower case) and the body's bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """`meta.error`, which every family carries."""
        return str(self.json["meta"]["error"])


class Client:
    """Calls an ASGI application: `await client("PUT", "/path?x=1", {"a": 1})`.

    A body that is bytes is sent as it is, None sends no body, anything else is sent as JSON.
    """

    def __init__(self, app: ASGIApp, authorization: str | None) -> None:
        self._app = app
        self._authorization = authorization

    async def __call__(
        self, method: str, target: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        raw_path, _, query = target.partition("?")
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"host": "testserver", "content-length": str(len(content))}
        if content:
            sent["content-type"] = "application/json"
        if self._authorization is not None:
            sent["authorization"] = self._authorization
        sent |= headers or {}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("testserver", 80),
        }
        incoming: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]
        outgoing: list[Message] = []
        answered = asyncio.Event()

        async def receive() -> Message:
            if not incoming:
                await answered.wait()  # the caller waits for the whole answer
                return {"type": "http.disconnect"}
            return incoming.pop(0)

        async def send(message: Message) -> None:
            outgoing.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self._app(scope, receive, send)
        start = outgoing[0]
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in outgoing[1:]),
        )


def basic(site_id: str, key: str, *, url_safe: bool = False) -> str:
    """The Authorization header of the Track API."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return "Basic " + encode(f"{site_id}:{key}".encode()).decode()


@pytest.fixture
def keys() -> Keys:
    """The keys of `workspace`, in clear."""
    return access.random_keys()


@pytest.fixture
def workspace(store: Store, keys: Keys) -> Workspace:
    """A workspace where an e-mail address belongs to one person."""
    return store.write(lambda tx: access.create_workspace(tx, "Acme", "id_email", keys))


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    """Two worker threads; no wait between triggers."""
    with ThreadPoolExecutor(2) as threads:
        options = ApiOptions(base_url="https://clarion.test", trigger_interval_seconds=0)
        yield Api(
            store=store,
            jobs=LostJobs(),
            numbers=PersonNumbers(store),
            outbox=None,
            threads=threads,
            secret=b"0" * 32,
            options=options,
        )


@pytest.fixture
def app(api: Api) -> ASGIApp:
    """The application with every endpoint."""
    return application.build(api)


@pytest.fixture
def nobody(app: ASGIApp) -> Client:
    """Calls without a key."""
    return Client(app, None)


@pytest.fixture
def client(app: ASGIApp, workspace: Workspace, keys: Keys) -> Client:
    """Calls the App API of `workspace`."""
    return Client(app, f"Bearer {keys.app_key}")


@pytest.fixture
def manage(app: ASGIApp, workspace: Workspace, keys: Keys) -> Client:
    """Calls with the key that may also manage `workspace`."""
    return Client(app, f"Bearer {keys.manage_key}")


@pytest.fixture
def track(app: ASGIApp, workspace: Workspace, keys: Keys) -> Client:
    """Calls the Track API of `workspace`."""
    return Client(app, basic(keys.site_id, keys.track_key))


@pytest.fixture
def id_only(store: Store) -> tuple[Workspace, Keys]:
    """A workspace where several people may share an address, and its keys."""
    made = access.random_keys()
    return store.write(lambda tx: access.create_workspace(tx, "Legacy", "id", made)), made


@pytest.fixture
def id_track(app: ASGIApp, id_only: tuple[Workspace, Keys]) -> Client:
    """Calls the Track API of `id_only`."""
    return Client(app, basic(id_only[1].site_id, id_only[1].track_key))


@pytest.fixture
def id_client(app: ASGIApp, id_only: tuple[Workspace, Keys]) -> Client:
    """Calls the App API of `id_only`."""
    return Client(app, f"Bearer {id_only[1].app_key}")
