# SPDX-License-Identifier: Apache-2.0
"""Rendered HTML that a frame shows for a while: any process serves what another one made.

Its id opens it, so here is only the hash of that.
"""

import secrets

from clarion.store.engine import Transaction
from clarion.store.users import hashed

LASTS_MS = 15 * 60_000


def keep(tx: Transaction, html: str) -> str:
    """Keep it for a quarter of an hour; the id under which it is served."""
    preview_id = secrets.token_urlsafe(24)
    tx.execute("insert_preview", preview_hash=hashed(preview_id), html=html.replace("\0", ""), lasts_ms=LASTS_MS)
    return preview_id


def get(tx: Transaction, preview_id: str) -> str | None:
    """The HTML; None when its time is over, or there was none."""
    row = tx.one("preview", preview_hash=hashed(preview_id))
    return str(row["html"]) if row is not None else None


def clear(tx: Transaction) -> int:
    """Forget those whose time is over."""
    return tx.execute("clear_previews")
