# SPDX-License-Identifier: Apache-2.0
"""What an HTTP status means for the messages of a call, where a vendor's documents do not say otherwise."""

from clarion.channels.http_delivery import Pause, Reading
from clarion.channels.http_session import Answer
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled, Unknown

SET_UP_SECONDS = 60.0  # until it is asked again whether somebody has changed the key, the plan, the domain


def usual(answer: Answer, count: int) -> Reading:
    """Not for the status with which the vendor takes a message."""
    status, words = answer.status, answer.words
    if status in {429, 503}:
        return paused(count, words, answer.retry_after)
    if status >= 500 or status < 200 or status == 408:
        return Reading([Unknown(words)] * count, doubtful=True)
    if status < 300:
        return Reading([Unknown(f"unexpected answer: {words}")] * count, doubtful=True)
    if status == 413:
        return refused(count, Permanent(words, "too_large"))
    if status in {400, 422}:
        return refused(count, Permanent(words, "refused"))
    # 401, 403, 404, a redirect: the key or the address is wrong, and no message is to blame.
    return paused(count, words, SET_UP_SECONDS)


def paused(count: int, words: str, seconds: float | None) -> Reading:
    """None of them was taken, and none would be now; no attempt is lost. `seconds` None: nobody said how long."""
    return Reading([Throttled(words, seconds or 1.0)] * count, Pause(words, seconds))


def refused(count: int, error: SendError) -> Reading:
    """The call was refused as a whole: for its message, or, of several, nobody knows for which of them."""
    if count == 1:
        return Reading([error])
    return Reading([Temporary(error.words)] * count, apart=True)


def again_alone(reading: Reading) -> Reading:
    """The same, where a call with several is made in another way than one with one: what refuses it refuses nobody."""
    if not any(isinstance(end, Permanent) for end in reading.ends):
        return reading
    ends = [Temporary(end.words) if isinstance(end, Permanent) else end for end in reading.ends]
    return Reading(ends, reading.pause, doubtful=reading.doubtful, apart=True)
