# SPDX-License-Identifier: Apache-2.0
"""Feedback: what is heard about a message after it left, from links in it, from providers, from the Track API.

This is a state path.

Read: the account, to know that there is one. Committed, in the caller's one transaction: the event and, when it is the
first of its kind for this message, whatever counts or tells it. Crash: before the commit nothing happened; whoever told
us has no answer, and tells again or not. The same thing told twice is two events and counts once.
"""

from clarion.domain.metrics import Feedback
from clarion.store import feedback, ledger
from clarion.store.engine import Transaction


def record(tx: Transaction, heard: Feedback) -> bool:
    """Write down what was heard about a message; False when there is no account of it (any more)."""
    account = ledger.get(tx, heard.key)
    if account is None:
        return False
    at_ms = tx.now_ms() if heard.at_ms is None else heard.at_ms
    feedback.note(tx, heard, at_ms)
    return True
