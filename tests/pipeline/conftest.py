# SPDX-License-Identifier: Apache-2.0
"""The stage on which triggers are played, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clarion.domain.deliveries import DeliveryKey
from clarion.pipeline.flight import ChunkName, FlightRecord
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .clocks import Time
from .stage import Stage


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    """An empty workspace."""
    return Stage(store, workspace, tmp_path)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def record(tmp_path: Path) -> Iterator[FlightRecord]:
    made = FlightRecord(tmp_path, "sender")
    keys = [(DeliveryKey(1, seq, 1), 0) for seq in range(1, 31)]
    made.prepare(ChunkName(1, 0, 1, 1, 30), keys)
    made.activate()
    yield made
    made.close()
