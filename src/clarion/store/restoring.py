# SPDX-License-Identifier: Apache-2.0
"""After a restore: what the backup calls unsent may have been sent since it was taken, so nothing of it is sent."""

from dataclasses import dataclass

from clarion.store.engine import Transaction

_JUMP = 1_000_000  # more triggers, broadcasts and blocks of people than a backup can be behind


@dataclass(frozen=True, slots=True)
class Stopped:
    """A trigger that was unfinished when the backup was taken; `queued` accounts may have been sent since."""

    trigger_id: int
    broadcast_id: int
    state: str
    queued: int


def hold(tx: Transaction) -> list[Stopped]:
    """Stop every unfinished trigger and skip the numbers that may have been given since; what was stopped.

    One transaction; doing it again stops nothing and skips again.
    """
    found = tx.all("triggers_to_hold")
    tx.execute("stop_unfinished")
    tx.execute("rush_unfinished")
    tx.execute("jump_numbers", jump=_JUMP)
    return [
        Stopped(int(row["trigger_id"]), int(row["broadcast_id"]), str(row["state"]), int(row["queued"]))
        for row in found
    ]
