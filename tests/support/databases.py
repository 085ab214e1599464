# SPDX-License-Identifier: Apache-2.0
"""New databases of either engine, for tests."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .postgres_cluster import Cluster

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
_numbers = itertools.count(1)


@contextmanager
def empty_database(request: pytest.FixtureRequest, path: Path) -> Iterator[str]:
    """The URL of a database in which no migration has run, of the engine `request` asks for; SQLite’s is at `path`."""
    if request.param == "sqlite":
        yield f"sqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = f"empty_{next(_numbers)}"
    yield cluster.create(name)
    cluster.drop(name)
