# SPDX-License-Identifier: Apache-2.0
"""The secret of a workspace by which apps' tokens are made: its generation, which a renewal makes another one."""

from dataclasses import dataclass

from clarion.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class AppSecret:
    """`generation` makes tokens, those of `good` are believed. Times are Unix milliseconds; None: never renewed."""

    generation: int = 0
    renewed_ms: int | None = None
    before_until_ms: int | None = None
    good: tuple[int, ...] = (0,)


def get(tx: Transaction, workspace_id: int) -> AppSecret:
    """A workspace's."""
    row = tx.one("app_secret", workspace_id=workspace_id)
    if row is None:
        return AppSecret()
    generation, until_ms = int(row["generation"]), int(row["before_until_ms"])
    good = (generation, generation - 1) if until_ms > int(row["now_ms"]) else (generation,)
    return AppSecret(generation, int(row["renewed_ms"]), until_ms, good)


def renew(tx: Transaction, workspace_id: int, grace_ms: int) -> AppSecret:
    """Begin another one; tokens of the one before stay good for a while, all earlier ones do not."""
    tx.execute("renew_app_secret", workspace_id=workspace_id, grace_ms=grace_ms)
    return get(tx, workspace_id)
