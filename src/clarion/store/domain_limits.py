# SPDX-License-Identifier: Apache-2.0
"""Limits of recipients' domains as somebody has set them in the page."""

from clarion.store.engine import Transaction


def changed(tx: Transaction) -> dict[str, float]:
    """The most e-mails a second by domain; 0: no limit. What is not here is as the settings say."""
    return {str(row["domain"]): float(row["per_second"]) for row in tx.all("domain_limits")}


def change(tx: Transaction, domain: str, per_second: float | None) -> None:
    """Set one; None: as the settings say."""
    if per_second is None:
        tx.execute("drop_domain_limit", domain=domain)
    else:
        tx.execute("set_domain_limit", domain=domain, per_second=str(per_second))
