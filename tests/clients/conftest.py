# SPDX-License-Identifier: Apache-2.0
"""Running servers, and Customer.io's official clients pointed at them."""

import itertools
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from customerio import APIClient, CustomerIO

from .drivers import Driver, Node4Driver, NodeDriver, PythonDriver
from .node import Node, clients, node_command
from .servers import Server, running
from .shapes import Crowd, Files, people, serving_files

_OPEN = {"CLARION_TRIGGER_INTERVAL_SECONDS": "0", "CLARION_DATA_FILE_ALLOW_PRIVATE_ADDRESSES": "true"}
_numbers = itertools.count(900_001)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """HTTP, no pause between triggers."""
    with running(tmp_path_factory.mktemp("plain"), **_OPEN) as server:
        assert server.url.startswith("http://")
        yield server


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """HTTPS with a certificate of the local authority, no pause between triggers."""
    with running(tmp_path_factory.mktemp("secure"), "--tls", **_OPEN) as server:
        assert server.url.startswith("https://")
        yield server


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """HTTPS and the settings as they come: the 10-second rule, no private addresses."""
    with running(tmp_path_factory.mktemp("strict"), "--tls") as server:
        yield server


@pytest.fixture(scope="session")
def files() -> Iterator[Files]:
    """A web server for data files."""
    with serving_files() as server:
        yield server


@pytest.fixture(scope="session")
def node() -> str:
    """The node command, with both clients installed."""
    return node_command()


@pytest.fixture(scope="session")
def node5(node: str, plain: Server) -> Iterator[Node]:
    """`customerio-node` 5 over HTTP."""
    with clients(node, "customerio-node", plain) as started:
        yield started


@pytest.fixture(scope="session")
def node4(node: str, secure: Server) -> Iterator[Node]:
    """`customerio-node` 4 over HTTPS; it takes the port from its options, not from the URL."""
    with clients(node, "customerio-node-4", secure, port=urlsplit(secure.url).port) as started:
        yield started


@pytest.fixture
def python_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Server], tuple[CustomerIO, APIClient]]]:
    """`customerio` for Python, both its clients, over HTTPS."""
    opened: list[CustomerIO | APIClient] = []

    def connect(server: Server) -> tuple[CustomerIO, APIClient]:
        assert server.ca_file is not None
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ca_file)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        at = urlsplit(server.url)
        track = CustomerIO(server.site_id, server.track_key, host=at.hostname, port=at.port)
        app = APIClient(server.app_key, url=server.url)
        opened.extend([track, app])
        return track, app

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def track(python_clients: Callable[[Server], tuple[CustomerIO, APIClient]], secure: Server) -> CustomerIO:
    """Python's Track client."""
    return python_clients(secure)[0]


@pytest.fixture
def app(python_clients: Callable[[Server], tuple[CustomerIO, APIClient]], secure: Server) -> APIClient:
    """Python's App client."""
    return python_clients(secure)[1]


@pytest.fixture(params=["python", "node-5", "node-4"])
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each official client in turn."""
    if request.param == "python":
        return PythonDriver(request.getfixturevalue("track"), request.getfixturevalue("app"))
    if request.param == "node-5":
        return NodeDriver(request.getfixturevalue("node5"))
    return Node4Driver(request.getfixturevalue("node4"))


@pytest.fixture
def server(driver: Driver, request: pytest.FixtureRequest) -> Server:
    """The server that `driver` speaks to."""
    found: Server = request.getfixturevalue("plain" if type(driver) is NodeDriver else "secure")
    return found


@pytest.fixture
def gather() -> Callable[[Driver], Crowd]:
    """Three new people in a new segment, made with a client."""

    def make(driver: Driver) -> Crowd:
        number = next(_numbers)
        three = people(f"crowd{number}", number)
        for one in three:
            driver.identify(one.id, one.attributes)
        segment_id = driver.new_segment(f"Crowd {number}")
        driver.join(segment_id, [one.id for one in three])
        return Crowd(*three, segment_id=segment_id)

    return make


@pytest.fixture
def crowd(driver: Driver, gather: Callable[[Driver], Crowd]) -> Crowd:
    """A crowd made with `driver`."""
    return gather(driver)
