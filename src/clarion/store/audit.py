# SPDX-License-Identifier: Apache-2.0
"""Who changed what, for a year."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarion.domain.ulids import moment_of, ulid, ulid_floor
from clarion.store.engine import Row, Transaction

_KEPT_MS = 365 * 86_400_000
_LAST = "Z" * 27  # after any ULID, in whatever collation


@dataclass(frozen=True, slots=True)
class Entry:
    """`what`: what was called, in the words of the reference; `subject`: what it was about, such as "broadcast 7"."""

    entry_id: str
    at_ms: int
    who: str
    what: str
    subject: str


def note(tx: Transaction, workspace_id: int, who: str, what: str, subject: str = "") -> None:
    """Write one down; 0 is the installation itself."""
    tx.execute(
        "insert_audit_entry",
        workspace_id=workspace_id,
        entry_id=ulid(tx.now_ms()),
        who=who[:300],
        what=what[:300],
        subject=subject[:500],
    )


def entries(tx: Transaction, workspace_id: int, *, before: str = "", who: str = "", most: int = 50) -> list[Entry]:
    """Newest first; `before` an entry, by its id."""
    rows = tx.all("audit_entries", workspace_id=workspace_id, before=before or _LAST, who=who, most=most)
    return _entries(rows)


def of_accounts(
    tx: Transaction,
    workspace_id: int,
    user_id: int,
    *,
    everybody: bool,
    before: str = "",
    who: str = "",
    most: int = 50,
) -> list[Entry]:
    """Sign-ins and what became of accounts, newest first: of who is in a workspace, or in another one of `user_id`.

    `everybody`: also of all others, and of those who tried to come in and are nobody.
    """
    rows = tx.all(
        "account_entries",
        workspace_id=workspace_id,
        user_id=user_id,
        everybody=int(everybody),
        before=before or _LAST,
        who=who,
        most=most,
    )
    return _entries(rows)


def _entries(rows: Sequence[Row]) -> list[Entry]:
    return [
        Entry(
            str(row["entry_id"]),
            moment_of(str(row["entry_id"])) or 0,
            str(row["who"]),
            str(row["what"]),
            str(row["subject"]),
        )
        for row in rows
    ]


def clear(tx: Transaction) -> None:
    """What is older than a year."""
    tx.execute("clear_audit_entries", before=ulid_floor(tx.now_ms() - _KEPT_MS))
