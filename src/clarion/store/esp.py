# SPDX-License-Identifier: Apache-2.0
"""Addresses that a mail provider would refuse, by workspace and kind (contract §7.8)."""

from collections.abc import Iterable
from dataclasses import dataclass

from clarion.domain.people import email_key
from clarion.domain.suppressions import EspKind
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address, why it takes no mail, and since when in Unix milliseconds. `status`: an SMTP code or ""."""

    kind: EspKind
    email: str
    reason: str
    status: str
    created_ms: int


def _suppressed(row: Row) -> Suppressed:
    return Suppressed(
        EspKind(row["kind"]), str(row["email"]), str(row["reason"]), str(row["status"]), int(row["created_ms"])
    )


def suppress(
    tx: Transaction, workspace_id: int, kind: EspKind, email: str, *, reason: str = "", status: str = ""
) -> None:
    """Send nothing more to an address; what was said first of it stays."""
    key = email_key(email)
    tx.execute(
        "esp_suppress",
        workspace_id=workspace_id,
        email_key=key,
        kind=kind.value,
        email=email,
        domain=key.rpartition("@")[2],
        reason=reason,
        status=status,
    )


def unsuppress(tx: Transaction, workspace_id: int, kind: EspKind, email: str) -> bool:
    """Let an address have mail again; False when it was not suppressed."""
    return tx.execute("esp_unsuppress", workspace_id=workspace_id, email_key=email_key(email), kind=kind.value) > 0


def forget(tx: Transaction, workspace_id: int, email: str) -> None:
    """Take an address out of every kind, and out of the count of soft bounces."""
    tx.execute("esp_forget", workspace_id=workspace_id, email_key=email_key(email))
    end_soft_bounces(tx, workspace_id, email)


def soft_bounce(tx: Transaction, workspace_id: int, email: str) -> int:
    """Count one that says nothing final of an address; how many there were in a row."""
    where = {"workspace_id": workspace_id, "email_key": email_key(email)}
    tx.execute("soft_bounce", **where)
    row = tx.one("soft_bounces_of", **where)
    return int(row["bounces"]) if row else 0


def end_soft_bounces(tx: Transaction, workspace_id: int, email: str) -> None:
    """Count from nothing again: a message arrived, or the address is suppressed."""
    tx.execute("end_soft_bounces", workspace_id=workspace_id, email_key=email_key(email))


def of_address(tx: Transaction, workspace_id: int, email: str) -> list[Suppressed]:
    """Every kind that an address is suppressed by."""
    rows = tx.all("esp_of_address", workspace_id=workspace_id, email_key=email_key(email))
    return [_suppressed(row) for row in rows]


def of_kind(
    tx: Transaction, workspace_id: int, kind: EspKind, *, email: str = "", domain: str = "", most: int, offset: int = 0
) -> list[Suppressed]:
    """Addresses of a kind in their order; "" for any address, any domain."""
    rows = tx.all(
        "esp_of_kind",
        workspace_id=workspace_id,
        kind=kind.value,
        email_key=email_key(email),
        domain=email_key(domain),
        most=most,
        offset=offset,
    )
    return [_suppressed(row) for row in rows]


def among(tx: Transaction, workspace_id: int, emails: Iterable[str]) -> set[str]:
    """Which of these addresses are suppressed, as they are compared (`email_key`)."""
    keys = encode([email_key(email) for email in emails])
    return {str(row["email_key"]) for row in tx.all("esp_suppressed_among", workspace_id=workspace_id, email_keys=keys)}


def any_there(tx: Transaction, workspace_id: int) -> bool:
    """Whether any address is suppressed."""
    return tx.one("esp_any", workspace_id=workspace_id) is not None


def people_between(tx: Transaction, workspace_id: int, *, after: int, until: int) -> set[int]:
    """Who of a range of people has an address that is suppressed."""
    rows = tx.tuples("esp_people_between", workspace_id=workspace_id, after=after, until=until)
    return {int(person_id) for (person_id,) in rows}
