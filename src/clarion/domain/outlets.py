# SPDX-License-Identifier: Apache-2.0
"""What holds for an account at a provider: whether it is used, its place among others, its limits, its ramp. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clarion.domain.errors import SetupError

DAY_MS = 86_400_000
UNPLACED = 1_000
"""Added to the place of accounts by the settings: those that somebody gave a place in the page come first."""
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_STEPS = re.compile(r"\d{1,9}(\s*,\s*\d{1,9})*")
_GROWTH = re.compile(r"(\d{1,9})\s*x\s*(\d{1,3}(?:\.\d{1,3})?)")
_MOST_DAYS = 365
_ENDLESS = 10**9


def day_of(now_ms: int) -> int:
    """The day that a moment is in, counted from 1970 in UTC."""
    return now_ms // DAY_MS


@dataclass(frozen=True, slots=True)
class Ramp:
    """How many messages go on the first days; behind the last of `steps` each day has `growth` times that before it.

    `growth` 0: behind the last step there is no ramp any more.
    """

    steps: tuple[int, ...]
    growth: float = 0.0

    def share(self, days_before: int) -> int | None:
        """Of a day with so many days of the ramp behind it; None: the ramp is over."""
        if days_before < len(self.steps):
            return self.steps[days_before]
        if not self.growth or days_before > _MOST_DAYS:
            return None
        try:
            share = int(self.steps[-1] * self.growth ** (days_before - len(self.steps) + 1))
        except OverflowError:  # days go on being counted behind the end of a ramp
            return None
        return share if share < _ENDLESS else None


def parse_ramp(text: str) -> Ramp | None:
    """`50, 100, 200`: the first days one after the other. `50 x 2`: each day twice as many. Nothing: no ramp.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip().lower()
    if not text:
        return None
    if _STEPS.fullmatch(text):
        steps = tuple(int(part) for part in text.split(","))
        if min(steps) > 0 and len(steps) <= _MOST_DAYS:
            return Ramp(steps)
    elif (found := _GROWTH.fullmatch(text)) and int(found[1]) > 0 and float(found[2]) > 1:
        return Ramp((int(found[1]),), float(found[2]))
    raise ValueError("the messages of the first days, as 50, 100, 200, or those of the first and a factor, as 50 x 2")


@dataclass(frozen=True, slots=True)
class Terms:
    """`place`: in the order in which the accounts of a channel are asked. `per_second`, `per_day`: 0 for no limit.

    `ramp_from`: the day with which the ramp began anew.
    """

    enabled: bool = True
    place: int = 1
    per_second: float = 0.0
    per_day: int = 0
    ramp: str = ""
    ramp_from: int = 0

    @property
    def has_share(self) -> bool:
        """Whether it takes only so many messages a day."""
        return self.per_day > 0 or bool(self.ramp)

    def share(self, days_before: int) -> int | None:
        """How many messages a day may have, with so many days of the ramp behind it; None: as many as there are."""
        try:
            ramp = parse_ramp(self.ramp)
        except ValueError:
            ramp = None
        stepped = ramp.share(days_before) if ramp is not None else None
        shares = [share for share in (stepped, self.per_day or None) if share is not None]
        return min(shares) if shares else None

    def with_changes(self, row: Mapping[str, Any]) -> "Terms":
        """With what somebody set in the page: a row of the table of accounts."""
        return replace(
            self,
            enabled=self.enabled if row["enabled"] is None else bool(row["enabled"]),
            place=self.place if row["place"] is None else int(row["place"]),
            per_second=self.per_second if row["per_second"] is None else float(row["per_second"]),
            per_day=self.per_day if row["per_day"] is None else int(row["per_day"]),
            ramp=self.ramp if row["ramp"] is None else str(row["ramp"]),
            ramp_from=int(row["ramp_from"]),
        )


def check_name(name: str) -> None:
    """Raise SetupError for what cannot name an account."""
    if not NAME.fullmatch(name):
        raise SetupError(f"settings: an account's name is lower-case letters, digits and hyphens, not {name!r}")
