# SPDX-License-Identifier: Apache-2.0
"""Which attributes the people of a workspace have, remembered for a minute."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from clarion.pipeline.forecast import AttributeUse, attributes_in_use
from clarion.store.access import Workspace
from clarion.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class Learned:
    """Attributes as they were found `at` Unix seconds."""

    attributes: list[AttributeUse]
    at: int


class KnownAttributes:
    """Each page with a filter or a template asks for them, and some hundreds of people are read to learn them.

    Nothing is remembered of a workspace where nobody has any: the first import shows at once.
    """

    _SECONDS = 60
    _MOST = 1_000  # workspaces

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._found: dict[int, Learned] = {}

    def of(self, tx: Transaction, workspace: Workspace) -> Learned:
        """What is known, learnt anew when it is too old."""
        found = self._found.get(workspace.workspace_id)
        now = int(self._now())
        if found is not None and 0 <= now - found.at < self._SECONDS:
            return found
        dice = random.SystemRandom()
        found = Learned(attributes_in_use(tx, workspace, dice), now)
        if found.attributes:
            if len(self._found) >= self._MOST:
                self._found.clear()
            self._found[workspace.workspace_id] = found
        return found
