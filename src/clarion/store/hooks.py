# SPDX-License-Identifier: Apache-2.0
"""Which calls of providers came before, for those that prove by a token of one content who they are from."""

from clarion.domain.provider_events import Seal
from clarion.store.engine import Transaction

KEPT_MS = 24 * 3_600_000  # longer than any provider's token is good


def keep(tx: Transaction, provider: str, seal: Seal) -> bool:
    """Remember what a token came with; False when it came with something else before."""
    if tx.execute("keep_seal", provider=provider, token=seal.token, content=seal.content):
        return True
    row = tx.one("seal", provider=provider, token=seal.token)
    return row is not None and row["content"] == seal.content


def clear(tx: Transaction) -> int:
    """Forget tokens that are too old to be believed; how many."""
    return tx.execute("clear_seals", kept_ms=KEPT_MS)
