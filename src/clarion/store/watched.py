# SPDX-License-Identifier: Apache-2.0
"""A store that tells when its database was away, so that it can be counted; otherwise the store it wraps."""

from collections.abc import Callable
from typing import TypeVar

from clarion.domain.errors import Unavailable
from clarion.store.engine import Store, Transaction
from clarion.store.queries import Engine

T = TypeVar("T")


class WatchedStore:
    """`away` is called for each transaction that raised `Unavailable`."""

    engine: Engine
    url: str

    def __init__(self, store: Store, away: Callable[[], None]) -> None:
        self._store = store
        self._away = away
        self.engine = store.engine
        self.url = store.url

    def read(self, work: Callable[[Transaction], T]) -> T:
        """As the wrapped store."""
        try:
            return self._store.read(work)
        except Unavailable:
            self._away()
            raise

    def write(self, work: Callable[[Transaction], T]) -> T:
        """As the wrapped store."""
        try:
            return self._store.write(work)
        except Unavailable:
            self._away()
            raise

    def script(self, text: str) -> None:
        """As the wrapped store."""
        self._store.script(text)

    def close(self) -> None:
        """As the wrapped store."""
        self._store.close()
