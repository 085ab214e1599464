# SPDX-License-Identifier: Apache-2.0
"""Sessions of the web page, and how often a sign-in failed lately.

A session's token is in the browser's cookie only; here is its hash. It lasts 14 days from when it was last used.
"""

import hashlib
import secrets
from dataclasses import dataclass

from clarion.domain.roles import parsed, scopes_of
from clarion.store.access import Access, Workspace
from clarion.store.engine import Transaction
from clarion.store.users import email_key, hashed

LASTS_MS = 14 * 86_400_000
_SEEN_MS = 600_000  # how exact "last seen" is
_WINDOW_MS = 900_000
_FAILURES_OF_EMAIL = 10
_FAILURES_OF_ADDRESS = 50


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is. `stale`: it is time to note that it was used."""

    user_id: int
    email: str
    name: str
    stale: bool


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session without its token; times in Unix milliseconds. `session_id` names it and does not open it."""

    session_id: str
    session_hash: str
    agent: str
    created_ms: int
    seen_ms: int


def begin(tx: Transaction, user_id: int, agent: str) -> str:
    """A new session's token."""
    token = secrets.token_urlsafe(32)
    tx.execute("insert_session", session_hash=hashed(token), user_id=user_id, agent=agent[:300], lasts_ms=LASTS_MS)
    return token


def signed_in(tx: Transaction, token: str) -> SignedIn | None:
    """Who a token belongs to; None when the session is over."""
    row = tx.one("session_user", session_hash=hashed(token))
    if row is None:
        return None
    stale = int(row["now_ms"]) - int(row["seen_ms"]) > _SEEN_MS
    return SignedIn(int(row["user_id"]), str(row["email"]), str(row["name"]), stale)


def access_by(tx: Transaction, token: str, workspace_id: int) -> Access | None:
    """What a session opens in a workspace; None when it is over or they are not in it."""
    row = tx.one("session_access", session_hash=hashed(token), workspace_id=workspace_id)
    if row is None:
        return None
    return Access(
        Workspace(int(row["workspace_id"]), str(row["name"]), str(row["identifiers"])),
        scopes_of(parsed(str(row["roles"]))),
        str(row["email"]),
        stale=int(row["now_ms"]) - int(row["seen_ms"]) > _SEEN_MS,
        user_id=int(row["user_id"]),
    )


def note_use(tx: Transaction, token: str) -> None:
    """It goes on: from now on it lasts its time again."""
    tx.execute("note_session", session_hash=hashed(token), lasts_ms=LASTS_MS)


def end(tx: Transaction, token: str) -> None:
    """Sign out."""
    tx.execute("end_session", session_hash=hashed(token))


def of_user(tx: Transaction, user_id: int) -> list[SessionInfo]:
    """Where somebody is signed in, last used first."""
    return [
        SessionInfo(
            str(row["session_hash"])[:16],
            str(row["session_hash"]),
            str(row["agent"]),
            int(row["created_ms"]),
            int(row["seen_ms"]),
        )
        for row in tx.all("sessions_of", user_id=user_id)
    ]


def end_one(tx: Transaction, user_id: int, session_id: str) -> SessionInfo | None:
    """Sign out somewhere else; None when there is no such session of theirs."""
    for one in of_user(tx, user_id):
        if one.session_id == session_id and tx.execute("end_session", session_hash=one.session_hash):
            return one
    return None


def _subjects(email: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    def of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return (of(f"email {email_key(email)}"), _FAILURES_OF_EMAIL), (of(f"address {address}"), _FAILURES_OF_ADDRESS)


def wait_seconds(tx: Transaction, email: str, address: str, *, mine: int = 0) -> int:
    """How long no further try is taken for this e-mail or from this address; 0: go on. `mine` of them count not."""
    waits = [0]
    for subject, most in _subjects(email, address):
        row = tx.one("failures_of", subject_hash=subject)
        if row is not None and int(row["failures"]) >= most + mine:
            waits.append(max(1, -(-int(row["left_ms"]) // 1_000)))
    return max(waits)


def take_try(tx: Transaction, email: str, address: str) -> int:
    """Count a try as failed before its password is looked at; how long to wait instead, 0: go on.

    Counted first, a thousand tries at once get no further than a thousand in turn. `forgive` takes it back; who dies
    in between leaves it counted.
    """
    if wait := wait_seconds(tx, email, address):
        return wait
    note_failure(tx, email, address)
    return wait_seconds(tx, email, address, mine=1)


def note_failure(tx: Transaction, email: str, address: str) -> None:
    """One more that failed, for both."""
    for subject, _ in sorted(_subjects(email, address)):  # in one order, so that two do not wait for each other
        tx.execute("note_failure", subject_hash=subject, window_ms=_WINDOW_MS)


def forgive(tx: Transaction, email: str, address: str) -> None:
    """It was them after all; what others tried from the same address still counts."""
    (of_email, _), (of_address, _) = _subjects(email, address)
    for subject in sorted((of_email, of_address)):
        tx.execute("forgive_failures" if subject == of_email else "take_back_failure", subject_hash=subject)


def clear(tx: Transaction) -> None:
    """Sessions and failures whose time is over."""
    tx.execute("clear_sessions")
    tx.execute("clear_failures")
