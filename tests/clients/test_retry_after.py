# SPDX-License-Identifier: Apache-2.0
"""A server with the settings as they come: the 10-second rule, and what each client makes of it."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from customerio import APIClient, CustomerIO, CustomerIOException

from .drivers import Driver, Node4Driver, NodeDriver, PythonDriver, processed
from .node import Node, NodeError, clients
from .servers import Server
from .shapes import DATA, Crowd, Files

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

Gather = Callable[[Driver], Crowd]
_LIMIT = re.compile(r"rate limited to 1 trigger of a broadcast per 10s \(reference \w+\)")


@pytest.fixture
def node5_over_tls(node: str, strict: Server) -> Iterator[Node]:
    with clients(node, "customerio-node", strict) as started:
        yield started


@pytest.fixture
def node5_without_retries(node: str, strict: Server) -> Iterator[Node]:
    with clients(node, "customerio-node", strict, retry={"maxRetries": 0}) as started:
        yield started


@pytest.fixture
def node4_strict(node: str, strict: Server) -> Iterator[Node]:
    with clients(node, "customerio-node-4", strict, port=urlsplit(strict.url).port) as started:
        yield started


def twice(server: Server, driver: Driver, crowd: Crowd) -> None:
    """The second of two triggers in a row seems to succeed slowly: the client waited as it was told."""
    broadcast_id = server.broadcast({"segment": {"id": crowd.segment_id}})
    first, second = (driver.trigger(broadcast_id, DATA, {"ids": [crowd.ada.id]})["id"] for _ in range(2))
    assert first != second
    started = [processed(server, driver, broadcast_id, number)["created_at"] for number in (first, second)]
    assert 9 <= started[1] - started[0] <= 25
    assert len(server.mails(crowd.ada.email)) == 2


@pytest.mark.slow
def test_node_5_waits_out_the_ten_seconds(strict: Server, node5_over_tls: Node, gather: Gather) -> None:
    driver = NodeDriver(node5_over_tls)
    twice(strict, driver, gather(driver))


@pytest.mark.slow
def test_python_waits_out_the_ten_seconds(
    strict: Server, python_clients: Callable[[Server], tuple[CustomerIO, APIClient]], gather: Gather
) -> None:
    driver = PythonDriver(*python_clients(strict))
    twice(strict, driver, gather(driver))


def refused(driver: Driver, broadcast_id: int, crowd: Crowd) -> NodeError:
    driver.trigger(broadcast_id, DATA, {"ids": [crowd.ada.id]})
    with pytest.raises(NodeError) as caught:
        driver.trigger(broadcast_id, DATA, {"ids": [crowd.ada.id]})
    return caught.value


@pytest.mark.parametrize("name", ["node5_without_retries", "node4_strict"])
def test_a_client_that_does_not_wait_is_told_how_long(
    name: str, request: pytest.FixtureRequest, strict: Server, gather: Gather
) -> None:
    node: Node = request.getfixturevalue(name)
    driver = NodeDriver(node) if name == "node5_without_retries" else Node4Driver(node)
    crowd = gather(driver)
    error = refused(driver, strict.broadcast({}), crowd)
    assert error.status == 429
    assert error.retry_after is not None
    assert 1 <= int(error.retry_after) <= 10
    assert _LIMIT.fullmatch(error.message)
    [problem] = error.body["errors"]
    assert problem["status"] == "429"
    # Another broadcast has a clock of its own.
    assert driver.trigger(strict.broadcast({}), DATA, {"ids": [crowd.ada.id]})["id"] > 0


def test_a_python_client_that_does_not_wait_is_told_too(
    strict: Server, python_clients: Callable[[Server], tuple[CustomerIO, APIClient]], gather: Gather
) -> None:
    track, app = python_clients(strict)
    driver = PythonDriver(track, app)
    crowd = gather(driver)
    broadcast_id = strict.broadcast({})
    driver.trigger(broadcast_id, DATA, {"ids": [crowd.ada.id]})
    with (
        APIClient(strict.app_key, url=strict.url, retries=0) as hasty,
        pytest.raises(CustomerIOException, match=r"^429: ") as caught,
    ):
        PythonDriver(track, hasty).trigger(broadcast_id, DATA, {"ids": [crowd.ada.id]})
    assert _LIMIT.search(str(caught.value))


def test_a_data_file_in_a_private_network_is_not_fetched(
    strict: Server, node5_over_tls: Node, gather: Gather, files: Files
) -> None:
    driver = NodeDriver(node5_over_tls)
    crowd = gather(driver)
    broadcast_id = strict.broadcast({})
    url = files.put("private.jsonl", f'{{"id": "{crowd.zoe.id}"}}\n')
    trigger_id = driver.trigger(broadcast_id, DATA, {"data_file_url": url})["id"]
    assert processed(strict, driver, broadcast_id, trigger_id)["recipients_count"] == 0
    found = driver.read(f"/campaigns/{broadcast_id}/triggers/{trigger_id}/errors")
    [sentence] = found["errors"]
    assert sentence.startswith("failed to download data file: ")
    assert "127.0.0.1" in sentence
    assert strict.mails(crowd.zoe.email) == []
