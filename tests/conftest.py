# SPDX-License-Identifier: Apache-2.0
"""An empty, migrated database per test, on both engines."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from clarion.store import access
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.migrate import migrate
from clarion.store.opening import open_store

from .support import bytecode, in_memory
from .support.databases import ENGINES, empty_database
from .support.postgres_cluster import INSTALL_HINT, Cluster, binaries

_TEMPLATE = "template_migrated"
_numbers = itertools.count(1)
# How long an example takes is the machine's business.
hypothesis.settings.register_profile("clarion", deadline=None)
hypothesis.settings.load_profile("clarion")
bytecode.keep()
in_memory.keep_files()
os.environ.setdefault("CLARION_LIMITS_ENABLED", "false")  # of every server that a test starts; limits have their own


def _migrate(url: str) -> None:
    store = open_store(url, connections=1)
    try:
        migrate(store)
    finally:
        store.close()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A server of this test process; where there can be none, the test is skipped, on CI it fails."""
    if binaries() is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL_HINT)
        pytest.skip(INSTALL_HINT)
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: Cluster) -> str:
    """The name of a migrated database that others are copied from."""
    _migrate(postgres_cluster.create(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that others are copied from."""
    path = tmp_path_factory.mktemp("template") / "clarion.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=ENGINES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database in which no migration has run."""
    with empty_database(request, tmp_path / "clarion.db") as url:
        yield url


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "clarion.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    template: str = request.getfixturevalue("postgres_template")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """The open store of a new, migrated database."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def workspace(store: Store) -> Workspace:
    """A workspace where an e-mail address belongs to one person."""
    return store.write(
        lambda tx: access.create_workspace(tx, "Acme", "id_email", access.random_keys()),
    )
