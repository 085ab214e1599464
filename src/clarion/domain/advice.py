# SPDX-License-Identifier: Apache-2.0
"""What a provider's answer to a test means, and what to do about it, in plain words. Pure."""

from enum import StrEnum

from clarion.domain.causes import answer_of
from clarion.domain.errors import Away, ClarionError, Permanent, Temporary, Throttled


class Ending(StrEnum):
    """What became of a test."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"
    AWAY = "away"
    UNKNOWN = "unknown"


_OUT = "The account is not let in: look at its credentials, and at what they may do, in the settings."
_NOT_REACHED = "Nobody answers there: look at the host, the port and the firewall, and whether the provider says why."
_REFUSED = {
    "invalid_address": "Look at where it goes: nobody takes messages there.",
    "sender_refused": "The provider does not accept this sender: verify it, or its domain, there.",
    "unsubscribed": "Whoever this is has asked the provider for no more messages.",
    "too_large": "It is larger than the provider takes.",
    "bad_content": "The provider does not take what is in it.",
}
_CALLED = (
    "Look at the URL: its host must be there, and not in a private network unless webhook.allow_private_addresses "
    "says that it may."
)
_NOT_IN = frozenset({401, 403, 530, 534, 535, 538})
_STATUSES = range(100, 600)  # of HTTP and SMTP


def ending_of(error: ClarionError | None, *, away: bool = False) -> Ending:
    """What became of a message that ended so (None: it was taken); `away`: and then nothing else was taken either."""
    if error is None:
        return Ending.TAKEN
    if isinstance(error, Permanent):
        return Ending.REFUSED
    if isinstance(error, Away):
        return Ending.AWAY
    if isinstance(error, Temporary | Throttled):
        return Ending.AWAY if away else Ending.LATER
    return Ending.UNKNOWN


def status_of(words: str) -> int | None:
    """The status that a provider's words begin with."""
    status, _ = answer_of(words)
    return status if status in _STATUSES else None


def advice(channel: str, ending: Ending, reason: str, words: str) -> str | None:
    """What to do; None where nothing is to be done. `reason`: of one that was refused."""
    if ending is Ending.REFUSED:
        if channel == "webhook" and reason == "invalid_address":
            return _CALLED
        return _REFUSED.get(reason, "The provider refuses this message: its answer says why.")
    if ending is Ending.LATER:
        return "Not now: too many calls, or something that passes. Try again in a minute."
    if ending is Ending.AWAY:
        status = status_of(words)
        if status is None:
            return _NOT_REACHED
        return _OUT if status in _NOT_IN else "The provider takes nothing at present: its answer says why."
    if ending is Ending.UNKNOWN:
        return "It may have arrived: look there before you try again."
    return None
