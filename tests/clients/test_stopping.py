# SPDX-License-Identifier: Apache-2.0
"""SIGTERM while official clients hold their connections open; `running` asserts that the server goes in time."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from customerio import APIClient, CustomerIO

from .node import clients
from .servers import Server, running

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


def test_python_holds_tls_connections(
    tmp_path: Path, python_clients: Callable[[Server], tuple[CustomerIO, APIClient]]
) -> None:
    with running(tmp_path, "--tls") as server:
        track, app = python_clients(server)
        track.identify("held", plan="plus")
        found = app.send_request("GET", f"{app.url}/v1/customers/held/attributes", {}).json()
        assert found["customer"]["attributes"]["plan"] == "plus"


@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["plain", "tls"])
def test_node_5_holds_connections(tmp_path: Path, node: str, options: tuple[str, ...]) -> None:
    with ExitStack() as held, running(tmp_path, *options) as server:
        client = held.enter_context(clients(node, "customerio-node", server))  # until after the server has gone
        client.track("identify", "held", {"plan": "plus"})
        assert client.app("getAttributes", "held")["customer"]["attributes"]["plan"] == "plus"
