# SPDX-License-Identifier: Apache-2.0
"""When to try again, and when to give up. Pure."""

from dataclasses import dataclass

# Ten pauses over about an hour: eleven attempts in all, as Customer.io makes (contract §11, "attempted").
DEFAULT_DELAYS_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 900.0, 1_200.0)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`delays_s[n]` is the pause in seconds after attempt n + 1; after the last pause comes the last attempt.

    `put_off_s`: for how many seconds a message may be put off without an attempt that counts.
    """

    delays_s: tuple[float, ...] = DEFAULT_DELAYS_S
    put_off_s: float = 86_400.0

    def delay_ms(self, attempts_made: int) -> int | None:
        """Milliseconds until the next attempt after `attempts_made` of them (at least 1); None: give up."""
        if attempts_made > len(self.delays_s):
            return None
        return int(self.delays_s[attempts_made - 1] * 1_000)

    def put_off_too_long(self, since_ms: int | None, now_ms: int) -> bool:
        """Whether nothing but being put off has happened for too long; `since_ms` None: this is the first time."""
        return since_ms is not None and now_ms - since_ms >= self.put_off_s * 1_000
