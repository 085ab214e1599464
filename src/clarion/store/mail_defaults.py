# SPDX-License-Identifier: Apache-2.0
"""What a workspace's new e-mails begin with."""

from clarion.store.engine import Transaction


def inlines_css(tx: Transaction, workspace_id: int) -> bool:
    """Whether the styles of new ones are inlined."""
    row = tx.one("inlines_css", workspace_id=workspace_id)
    return row is None or bool(row["inline_css"])


def put_inlines_css(tx: Transaction, workspace_id: int, *, inline_css: bool) -> None:
    """Set it; what is there already stays as it is."""
    tx.execute("set_inlines_css", workspace_id=workspace_id, inline_css=int(inline_css))
