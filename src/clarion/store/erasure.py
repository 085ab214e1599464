# SPDX-License-Identifier: Apache-2.0
"""What is known of one person, taken out: rows blanked, counts kept; blocked identifiers kept as a keyed hash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s

import msgspec

from clarion.domain.deliveries import DeliveryKey, State
from clarion.domain.people import IdKind, email_key
from clarion.store import access
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

REMOVED = "removed on request"
_NAMED = frozenset({"ids", "emails", "per_user_data"})


@dataclass(frozen=True, slots=True)
class Asked:
    """An erasure: whom, when in Unix milliseconds, and when it was complete; `identifiers` until then."""

    person_id: int
    workspace_id: int
    identifiers: tuple[str, ...]
    asked_ms: int
    done_ms: int | None


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep changed: accounts, own data, error sentences, echoes; `queued`: accounts still to be reached."""

    accounts: int = 0
    entries: int = 0
    errors: int = 0
    echoes: int = 0
    queued: int = 0
    keys: tuple[DeliveryKey, ...] = ()

    def __add__(self, other: "Swept") -> "Swept":
        """Both together."""
        return Swept(
            self.accounts + other.accounts,
            self.entries + other.entries,
            self.errors + other.errors,
            self.echoes + other.echoes,
            self.queued + other.queued,
            self.keys + other.keys,
        )


def note(tx: Transaction, workspace: Workspace, person_id: int, identifiers: Sequence[str]) -> None:
    """Remember that a person is to be erased; until it is complete, sweeps are repeated."""
    tx.execute(
        "note_erasure", person_id=person_id, workspace_id=workspace.workspace_id, identifiers=_json(list(identifiers))
    )


def asked(tx: Transaction, workspace_id: int = 0, *, only_open: bool = False) -> list[Asked]:
    """Erasures of a workspace, of all for 0; oldest first."""
    return [
        Asked(
            int(row["person_id"]),
            int(row["workspace_id"]),
            tuple(msgspec.json.decode(row["identifiers"])),
            int(row["asked_ms"]),
            row["done_ms"],
        )
        for row in tx.all("erasures", workspace_id=workspace_id, only_open=int(only_open))
    ]


def end(tx: Transaction, person_id: int) -> None:
    """Nobody will write about this person any more."""
    tx.execute("end_erasure", person_id=person_id)


def sweep(
    tx: Transaction, workspace: Workspace, person_id: int, identifiers: Sequence[str], *, after: int, most: int
) -> tuple[Swept, int | None]:
    """Take a person out of the next `most` triggers behind `after`; what was done, and where to go on.

    `queued` is counted before rows are blanked: what settles in between is blanked, what settles later is counted.
    """
    found = tx.all("triggers_to_sweep", workspace_id=workspace.workspace_id, after=after, most=most)
    if not found:
        return Swept(), None
    numbers = _json([int(row["trigger_id"]) for row in found])
    accounts = tx.all("accounts_of_person", trigger_ids=numbers, person_id=person_id)
    keys = tuple(DeliveryKey(int(row["trigger_id"]), int(row["seq"]), int(row["action_id"])) for row in accounts)
    blanked = sum(
        tx.execute("erase_account", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)
        for key in sorted(keys)
    )
    tx.execute("drop_texted", person_id=person_id)
    tx.execute("drop_in_app", person_id=person_id)  # one that was composed before they went may have come since
    for key in keys:
        tx.execute("erase_attempts", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)
    done = Swept(
        accounts=blanked,
        entries=tx.execute("erase_entries", trigger_ids=numbers, person_id=person_id)
        + tx.execute("erase_overrides", trigger_ids=numbers, person_id=person_id)
        + tx.execute("erase_drafts", person_id=person_id),
        queued=sum(row["state"] == State.QUEUED for row in accounts),
        keys=keys,
    )
    for value in identifiers:
        errors = tx.execute("erase_errors", trigger_ids=numbers, words=REMOVED, quoted=f'"{value}"')
        done = replace(done, errors=done.errors + errors)
    for row in found:
        if row["selector"] in _NAMED and _names(str(row["echo"]), identifiers):
            count = len(msgspec.json.decode(row["echo"]).get(row["selector"], ()))
            tx.execute("replace_echo", trigger_id=row["trigger_id"], echo=_json({f"{row['selector']}_count": count}))
            done = replace(done, echoes=done.echoes + 1)
    following = int(found[-1]["trigger_id"]) if len(found) == most else None
    return done, following


def _names(echo: str, identifiers: Iterable[str]) -> bool:
    return any(_json(value) in echo for value in identifiers)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def hash_suppressions(tx: Transaction, workspace: Workspace, person_id: int, id_: str | None, email: str | None) -> int:
    """Keep a person's blocked identifiers blocked, as hashes in place of the values; how many."""
    blocked = tx.all(
        "suppressions_of",
        workspace_id=workspace.workspace_id,
        person_id=person_id,
        id=id_,
        email_key=email_key(email) if email is not None else None,
    )
    for row in blocked:
        kind, value = IdKind(row["kind"]), str(row["value"])
        block(tx, workspace, kind, value)
        tx.execute("unsuppress", workspace_id=workspace.workspace_id, kind=kind.value, value=value)
    return len(blocked)


def block(tx: Transaction, workspace: Workspace, kind: IdKind, value: str) -> None:
    """Block an identifier without keeping it; an e-mail comes as it is compared."""
    hashed = _hash(tx, workspace, kind, value)
    tx.execute("suppress_hash", workspace_id=workspace.workspace_id, kind=kind.value, hash=hashed)


def is_blocked(tx: Transaction, workspace: Workspace, kind: IdKind, value: str) -> bool:
    """Whether an identifier is blocked by its hash."""
    hashed = _hash(tx, workspace, kind, value)
    return tx.one("is_suppressed_hash", workspace_id=workspace.workspace_id, kind=kind.value, hash=hashed) is not None


def unblock(tx: Transaction, workspace: Workspace, kind: IdKind, value: str) -> None:
    """Free an identifier that is blocked by its hash."""
    hashed = _hash(tx, workspace, kind, value)
    tx.execute("unsuppress_hash", workspace_id=workspace.workspace_id, kind=kind.value, hash=hashed)


def _hash(tx: Transaction, workspace: Workspace, kind: IdKind, value: str) -> str:
    # Addresses can be guessed, so the hash needs a key; without the installation's secret it tells nothing.
    secret = access.installation_secret(tx)
    text = f"{workspace.workspace_id}:{kind.value}:{value}".encode()
    return blake2s(text, key=secret, person=b"suppress").hexdigest()
