# SPDX-License-Identifier: Apache-2.0
"""What became of copies that are messages of their own (a fake bcc): numbers beside the ledger, no accounts."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class CopyEnd(StrEnum):
    """How a copy ended; `unknown`: it may have been taken, and is not sent again."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Copied:
    """Of one chunk. `words`: by action, the last reason of a copy that was not sent, or of which it is not known.

    `left`: by account, those that left us, or may have.
    """

    ends: Counter[tuple[int, CopyEnd]] = field(default_factory=Counter)
    words: dict[int, str] = field(default_factory=dict)
    left: Counter[int | None] = field(default_factory=Counter)

    def note(self, action_id: int, outlet_id: int | None, end: CopyEnd, words: str = "", copies: int = 1) -> None:
        """Some ended so."""
        self.ends[action_id, end] += copies
        if end is not CopyEnd.SENT:
            self.words[action_id] = words
        if end is not CopyEnd.NOT_SENT:
            self.left[outlet_id] += copies
