# SPDX-License-Identifier: Apache-2.0
"""The database that commands find: a name that is mistyped makes no new one."""

from collections.abc import Iterator
from contextlib import contextmanager

from clarion.domain.errors import SetupError
from clarion.settings import Settings
from clarion.store import migrate
from clarion.store.engine import Store
from clarion.store.opening import open_store


@contextmanager
def existing(settings: Settings) -> Iterator[Store]:
    """Its store. Raises SetupError: it is not there, or has no tables."""
    store = open_store(settings.database.url, create=False)
    try:
        if not migrate.applied(store):
            raise SetupError("the database has no tables yet: run `clarion migrate` first")
        yield store
    finally:
        store.close()
