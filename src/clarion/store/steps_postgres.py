# SPDX-License-Identifier: Apache-2.0
"""Migrations on a PostgreSQL that is in use: short waits for locks, and steps outside a transaction."""

import psycopg
from psycopg import errors

from clarion.store.engine import Store

# Whoever waits for a lock makes all others on that table wait behind it: nobody waits long. And who waits for the
# turn to migrate does so without a snapshot, or CREATE INDEX CONCURRENTLY of the program whose turn it is waits for it.
SHORT_PATIENCE = "SET LOCAL lock_timeout = '2s';\n"
TURN = "SELECT 1 FROM schema_guard FOR UPDATE NOWAIT;\n"


def was_locked_out(error: BaseException) -> bool:
    """Whether a step failed only because somebody held a lock for too long."""
    return isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected)


def take_outside(store: Store, number: int, name: str, text: str, bootstrap: str) -> bool:
    """Run the statements of a step one by one, each for itself; False when the step was taken meanwhile.

    A second connection holds the row that programs which migrate wait for; should this process die, the server
    lets it go, and whoever comes next repeats all statements of the step.
    """
    with psycopg.connect(store.url) as guard, psycopg.connect(store.url, autocommit=True) as working:
        working.execute(bootstrap.encode())
        guard.execute(SHORT_PATIENCE.encode())
        guard.execute(TURN.encode())
        if guard.execute("SELECT 1 FROM schema_version WHERE version = %s", (number,)).fetchone():
            return False
        # Last, as a simple query: the portal of the one before keeps its snapshot until then.
        guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for statement in text.split(";\n"):
            if any(line.strip() and not line.startswith("--") for line in statement.splitlines()):
                working.execute(statement.encode())
        guard.execute("INSERT INTO schema_version (version, name) VALUES (%s, %s)", (number, name))
    return True
