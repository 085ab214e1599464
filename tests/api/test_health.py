# SPDX-License-Identifier: Apache-2.0
"""Alive, ready, metrics: what is said to whom, whatever hangs."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pytest
from starlette.applications import Starlette

from clarion.api import application, health
from clarion.api.calls import Api
from clarion.api.health import Finding
from clarion.domain.errors import Unavailable
from clarion.observability.exposition import Exposition
from clarion.observability.metrics import Metrics
from clarion.observability.vitals import Loops, ProcessVitals
from clarion.store import identity
from clarion.store.engine import Store, Transaction
from clarion.store.identity import Place
from clarion.store.opening import open_store
from clarion.store.queries import Engine
from clarion.store.watched import WatchedStore

from .conftest import Client

T = TypeVar("T")


class _Steady:
    async def findings(self) -> Sequence[Finding]:
        return [Finding("database", True, "answers")]

    async def exposition(self) -> tuple[bytes, str]:
        return b"clarion_x 1\n", "text/plain"


class _Broken:
    """A store whose database is away, or hangs until `release` is set."""

    engine: Engine = "sqlite"
    url = "sqlite:///nowhere"

    def __init__(self, release: threading.Event | None = None) -> None:
        self._release = release

    def read(self, work: Callable[[Transaction], T]) -> T:
        if self._release is not None:
            self._release.wait(30)
        raise Unavailable("connection to db.internal as clarion failed")

    write = read

    def script(self, text: str) -> None:
        raise AssertionError

    def close(self) -> None:
        pass


def client(vitals: health.Vitals, *, token: str = "", public_port: bool = False, key: str | None = None) -> Client:
    routes = health.routes(vitals, token=token, public_port=public_port)
    return Client(Starlette(routes=routes), None if key is None else f"Bearer {key}")


def vitals_of(store: Store, loops: Callable[[], Loops] | None = None, metrics: Metrics | None = None) -> ProcessVitals:
    return ProcessVitals(store, Exposition((metrics or Metrics()).registry), loops)


async def test_a_server_that_is_well(store: Store) -> None:
    ask = client(vitals_of(store, lambda: Loops(2, [0.1, 0.2])))
    assert (await ask("GET", "/healthz")).json == {"status": "alive"}
    ready = await ask("GET", "/readyz")
    assert ready.status == 200
    assert set(ready.json["checks"]) == {"database", "schema", "home", "worker"}
    assert b"clarion_database_up 1.0" in (await ask("GET", "/metrics")).body


async def test_a_copy_says_that_it_does_not_send_and_stays_ready(store: Store) -> None:
    store.write(lambda tx: identity.move(tx, Place("system 1 database 1 other", "db:1")))
    ready = await client(vitals_of(store))("GET", "/readyz")
    assert ready.status == 200
    assert ready.json["checks"]["home"]["ok"] is False
    assert "clarion confirm-move" in ready.json["checks"]["home"]["detail"]


async def test_without_its_database_it_is_alive_and_not_ready_and_gives_nothing_away() -> None:
    ask = client(vitals_of(_Broken()))
    assert (await ask("GET", "/healthz")).status == 200
    ready = await ask("GET", "/readyz")
    assert ready.status == 503
    assert ready.json["checks"] == {"database": {"ok": False, "detail": "does not answer"}}
    metrics = await ask("GET", "/metrics")
    assert metrics.status == 200
    assert b"clarion_database_up 0.0" in metrics.body


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_a_database_that_hangs_is_not_waited_for(release: threading.Event) -> None:
    ask = client(vitals_of(_Broken(release)))
    assert (await ask("GET", "/readyz")).status == 503


async def test_a_schema_that_lacks_a_step_is_not_ready(empty_url: str) -> None:
    store = open_store(empty_url, connections=2)
    try:
        ready = await client(vitals_of(store))("GET", "/readyz")
    finally:
        store.close()
    assert ready.status == 503
    assert "run `clarion migrate`" in ready.json["checks"]["schema"]["detail"]


@pytest.mark.parametrize(("silent", "status"), [([0.1, 0.1], 200), ([0.1, 60.0], 503), ([0.1], 503)])
async def test_a_worker_loop_that_is_stuck_or_gone_is_not_ready(store: Store, silent: list[float], status: int) -> None:
    ask = client(vitals_of(store, lambda: Loops(2, silent)))
    assert (await ask("GET", "/readyz")).status == status


async def test_metrics_ask_for_the_token() -> None:
    for key in (None, "wrong", ""):
        assert (await client(_Steady(), token="right", key=key)("GET", "/metrics")).status == 401
    assert (await client(_Steady(), token="right", key="right")("GET", "/metrics")).body == b"clarion_x 1\n"


async def test_a_public_port_has_no_metrics_without_a_token() -> None:
    told = await client(_Steady(), public_port=True)("GET", "/metrics")
    assert (told.status, b"metrics.token" in told.body) == (404, True)
    assert (await client(_Steady(), public_port=True)("GET", "/readyz")).status == 200


async def test_a_database_that_is_away_is_counted() -> None:
    metrics = Metrics()
    watched = WatchedStore(_Broken(), metrics.database_error)
    for work in (watched.read, watched.write):
        with pytest.raises(Unavailable):
            work(lambda tx: None)
    assert b"clarion_database_errors_total 2.0" in Exposition(metrics.registry).text()


async def test_requests_are_counted_by_route_template_and_never_by_path(api: Api) -> None:
    metrics = Metrics()
    app = Client(application.build(api, around=metrics.watched), None)
    await app("PUT", "/api/v1/customers/somebody%40example.test", {})
    await app("GET", "/nowhere/somebody")
    text = Exposition(metrics.registry).text().decode()
    assert 'clarion_http_requests_total{method="PUT",route="/api/v1/customers/{identifier}",status="401"} 1.0' in text
    assert 'clarion_http_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'clarion_http_request_seconds_count{route="none"} 1.0' in text
    assert "somebody" not in text
