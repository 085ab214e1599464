# SPDX-License-Identifier: Apache-2.0
"""Addresses that a mail provider would refuse: the kinds of contract §7.8."""

from enum import StrEnum

from clarion.domain.metrics import Metric


class EspKind(StrEnum):
    """Why an address takes no mail; the word in paths."""

    BLOCKS = "blocks"
    BOUNCES = "bounces"
    SPAM_REPORTS = "spam_reports"
    INVALID_EMAILS = "invalid_emails"

    @property
    def category(self) -> str:
        """The word in answers."""
        return {"spam_reports": "spam", "invalid_emails": "invalid"}.get(self.value, self.value)


OF_METRIC = {Metric.BOUNCED: EspKind.BOUNCES, Metric.SPAMMED: EspKind.SPAM_REPORTS}
"""What is heard of a message that keeps its address from getting another."""
