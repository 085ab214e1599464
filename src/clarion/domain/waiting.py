# SPDX-License-Identifier: Apache-2.0
"""Steps and settings of Customer.io's other campaigns that wait: broadcasts have none (contract §12.1)."""

WHY = "delays and time windows are not offered: a broadcast performs all its actions at once"
FIELDS = frozenset({"delay", "delay_seconds", "delay_until", "time_window", "wait", "wait_until", "send_at"})
_KINDS = frozenset({
    "delay", "delay_seconds", "delay_time_window", "time_window", "wait", "conditional_wait", "filter_match_delay",
    "grace_period",
})  # fmt: skip


def is_kind(kind: object) -> bool:
    """Whether it names an action that waits, with or without ``_action`` behind it."""
    return isinstance(kind, str) and kind.removesuffix("_action") in _KINDS
