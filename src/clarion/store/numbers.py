# SPDX-License-Identifier: Apache-2.0
"""Ids made by the application: small numbers in the caller's transaction, people's numbers from blocks.

People are created often and by many processes, so each process takes a block at a time in a transaction of
its own; numbers of a block that is not used up are lost, which costs nothing.
"""

import threading
from collections import deque

from clarion.store.engine import Store, Transaction

_WORKSPACE_SHIFT = 40
_BLOCK = 1_000


def take(tx: Transaction, name: str, count: int = 1) -> int:
    """The first of `count` new numbers of a name ("broadcast", "trigger", …)."""
    row = tx.one("take_numbers", name=name, count=count)
    if row is None:
        raise AssertionError("take_numbers returns a row")
    return int(row["next"]) - count


def person_range(workspace_id: int) -> tuple[int, int]:
    """The lowest and highest person_id of a workspace."""
    lowest = workspace_id << _WORKSPACE_SHIFT
    return lowest, lowest + (1 << _WORKSPACE_SHIFT) - 1


def workspace_of(person_id: int) -> int:
    """The workspace that a person_id leads with."""
    return person_id >> _WORKSPACE_SHIFT


class PersonNumbers:
    """Hands out person_ids of all workspaces; safe for many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free: dict[int, deque[int]] = {}
        self._guard = threading.Lock()

    def take(self, workspace_id: int, count: int = 1) -> list[int]:
        """`count` unused person_ids, ascending. Must not be called inside a transaction."""
        with self._guard:
            free = self._free.setdefault(workspace_id, deque())
            if len(free) < count:
                wanted = max(_BLOCK, count)
                first = self._store.write(lambda tx: take(tx, f"person:{workspace_id}", wanted))
                lowest, _ = person_range(workspace_id)
                free.extend(range(lowest + first, lowest + first + wanted))
            return sorted(free.popleft() for _ in range(count))

    def give_back(self, workspace_id: int, number: int) -> None:
        """Return a number that was not used after all."""
        with self._guard:
            self._free.setdefault(workspace_id, deque()).appendleft(number)
