# SPDX-License-Identifier: Apache-2.0
"""The stage on which triggers are played, on both engines."""

from pathlib import Path

import pytest

from clarion.store.access import Workspace
from clarion.store.engine import Store

from .stage import Stage


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    """An empty workspace."""
    return Stage(store, workspace, tmp_path)
