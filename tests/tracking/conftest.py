# SPDX-License-Identifier: Apache-2.0
"""The public pages alone, as they stand beside the API."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from starlette.applications import Starlette
from tests.api.conftest import Client
from tests.store.ledgers import Played
from tests.support.audience import add_people, playing

from clarion.domain.deliveries import DeliveryKey, public_id
from clarion.domain.machines import MachineRules
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.tracking.machines import load
from clarion.tracking.routes import routes

T = TypeVar("T")


@dataclass
class Server:
    """What the pages need; `mails` is what the preview knows."""

    store: Store
    threads: ThreadPoolExecutor
    secret: bytes = b"k" * 32
    mails: dict[DeliveryKey, str] = field(default_factory=dict)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.store.read, work)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.store.write, work)

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


@pytest.fixture
def server(store: Store) -> Iterator[Server]:
    """The backend of the pages."""
    with ThreadPoolExecutor(1) as threads:
        yield Server(store, threads)


@pytest.fixture
def browser(server: Server) -> Client:
    """Somebody with a link."""
    return Client(Starlette(routes=routes(server, server.mails.get, MachineRules(load().requests))), None)


@pytest.fixture
def played(store: Store, workspace: Workspace) -> Played:
    """A trigger that reaches two people."""
    add_people(store, workspace, 2)
    return playing(store, workspace, size=2)


@pytest.fixture
def token(played: Played, server: Server) -> str:
    """What stands in the links of the first person's mail."""
    return public_id(played.key(1), server.secret)
