# SPDX-License-Identifier: Apache-2.0
"""What the stages tell whoever counts. A parameter of the worker; production hands in the metrics, tests nothing."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from clarion.domain.deliveries import Outcome


class Meter(Protocol):
    """Counts; called from any thread, must neither block nor raise. Seconds are wall-clock durations."""

    def slice_claimed(self) -> None:
        """A slice was taken under a lease."""
        ...

    def chunk_settled(self, channel: str, outcomes: Sequence[Outcome], seconds: float) -> None:
        """A chunk's outcomes are committed; `seconds` from its opening to that commit."""
        ...

    def answered(self, channel: str, seconds: float) -> None:
        """A provider answered, whatever it said, `seconds` after one message was handed over."""
        ...

    def account_answered(self, channel: str, account: str, answers: Mapping[str, int]) -> None:
        """What an account at a provider said of how many messages of a chunk."""
        ...

    def lease_lost(self) -> None:
        """A sender stopped because its slice is, or may be, another's."""
        ...

    def slice_put_off(self) -> None:
        """What nobody foresaw went wrong with a slice; it is tried again later."""
        ...

    def provider_away(self, provider: str, *, away: bool) -> None:
        """A provider takes no messages at all (`away`), or takes them again."""
        ...

    def orphan_found(self) -> None:
        """A dead process's flight record was found."""
        ...

    def cleared(self, accounts: int) -> None:
        """A flight record cleared that many accounts of doubt."""
        ...


class Unmetered:
    """Counts nothing."""

    def slice_claimed(self) -> None:
        """Nothing."""

    def chunk_settled(self, channel: str, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Nothing."""

    def answered(self, channel: str, seconds: float) -> None:
        """Nothing."""

    def account_answered(self, channel: str, account: str, answers: Mapping[str, int]) -> None:
        """Nothing."""

    def lease_lost(self) -> None:
        """Nothing."""

    def slice_put_off(self) -> None:
        """Nothing."""

    def provider_away(self, provider: str, *, away: bool) -> None:
        """Nothing."""

    def orphan_found(self) -> None:
        """Nothing."""

    def cleared(self, accounts: int) -> None:
        """Nothing."""


UNMETERED = Unmetered()
