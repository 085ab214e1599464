# SPDX-License-Identifier: Apache-2.0
"""The domain that a workspace's links lead to, and those it had."""

from clarion.domain.tracking_domains import TrackingDomain
from clarion.store.engine import Transaction


def of_workspace(tx: Transaction, workspace_id: int) -> TrackingDomain | None:
    """A workspace's own; None where its links lead to the installation's address."""
    row = tx.one("tracking_domain", workspace_id=workspace_id)
    return TrackingDomain(row["url"], row["verified_ms"], row["checked_ms"], row["failure"]) if row else None


def put(tx: Transaction, workspace_id: int, url: str | None) -> None:
    """Set it, to be looked at; None: none. The one before goes on serving links."""
    tx.execute("retire_tracking_domain", workspace_id=workspace_id, url=url or "")
    if url is not None:
        tx.execute("use_tracking_domain", workspace_id=workspace_id, url=url)


def note(tx: Transaction, workspace_id: int, url: str, failure: str | None) -> None:
    """How a look at it went: None, or why it does not lead here."""
    tx.execute("note_tracking_domain", workspace_id=workspace_id, url=url, failure=failure)


def verified(tx: Transaction) -> list[str]:
    """The URLs of all that led here at some time, of all workspaces."""
    return [str(row["url"]) for row in tx.all("verified_domains")]


def in_use(tx: Transaction) -> list[tuple[int, str]]:
    """Those that workspaces have now: workspace and URL."""
    return [(int(row["workspace_id"]), str(row["url"])) for row in tx.all("domains_to_check")]
