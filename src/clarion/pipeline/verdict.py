# SPDX-License-Identifier: Apache-2.0
"""From how a hand-over ended to what the ledger says of it. One rule for the living sender and for its record.

A sender that is alive knows the exception; of one that died the flight record tells the mark. Both become a
`Verdict`, and `outcome` turns that into the account's next state.
"""

from typing import NamedTuple

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled, Unknown
from clarion.pipeline.flight import Mark, Trace
from clarion.pipeline.retry import RetryPolicy

_THROTTLED_MS = 30_000
_RESEND_MS = 5_000


class Bound(NamedTuple):
    """An account that was handed over before and may have been taken: to which `outlet`, and the reason of the doubt.

    Until its end is known it stays with that outlet, and with its doubt: see docs/adr/0019.
    """

    outlet: int | None
    reason: Reason | None


def bound_by(outlet: int | None, reason: Reason | None) -> Bound | None:
    """By the columns of an account that is queued; None for one that may go anywhere."""
    return None if outlet is None and reason is None else Bound(outlet, reason)


class Verdict(NamedTuple):
    """How far a message got: `mark` HANDED_OVER means that no answer came. `pause_ms` goes with THROTTLED."""

    mark: Mark
    words: str
    reason: Reason | None = None
    pause_ms: int = _THROTTLED_MS


def of_error(error: SendError) -> Verdict:
    """The verdict that a failure carries."""
    if isinstance(error, Unknown):
        return Verdict(Mark.HANDED_OVER, error.words, Reason.NO_ANSWER)
    if isinstance(error, Throttled):
        return Verdict(Mark.THROTTLED, error.words, pause_ms=int(error.retry_after * 1_000))
    if isinstance(error, Permanent):
        return Verdict(Mark.PERMANENT, error.words, _reason(error.reason))
    if isinstance(error, Temporary):
        return Verdict(Mark.TEMPORARY, error.words)
    raise TypeError(f"a send error without a verdict: {type(error).__name__}")


def _reason(word: str) -> Reason:
    try:
        return Reason(word)
    except ValueError:
        return Reason.REFUSED


def of_trace(trace: Trace) -> Verdict | None:
    """The verdict that a dead sender's record gives; None: certainly not handed over."""
    if trace.mark is Mark.UNTOUCHED:
        return None
    if trace.mark is Mark.HANDED_OVER:
        return Verdict(Mark.HANDED_OVER, "the sender died before the answer came", Reason.SENDER_DIED)
    return Verdict(trace.mark, trace.words)


def outcome(
    key: DeliveryKey,
    verdict: Verdict,
    *,
    attempts: int,
    now_ms: int,
    retry: RetryPolicy,
    doubt: DoubtPolicy,
    recipient: str | None = None,
    since_ms: int | None = None,
    outlet: int | None = None,
    bound: Bound | None = None,
) -> Outcome:
    """The account's next state after attempt number `attempts` + 1; `now_ms` is database time.

    `since_ms`: the last attempt that counted, else the first time it was put off. `outlet`: where it was handed to;
    `bound`: what an earlier attempt left behind.
    """
    if verdict.mark is Mark.SENT:  # what nearly every message is
        return Outcome(key, State.SENT, None, verdict.words, recipient, outlet=outlet)
    made = _outcome(
        key, verdict, attempts=attempts, now_ms=now_ms, retry=retry, doubt=doubt, recipient=recipient, since_ms=since_ms
    )
    made = made._replace(via=outlet)
    if made.state is State.QUEUED and made.reason is None:
        # Certainly not taken this time: it may go anywhere, unless it may have been taken before.
        return made if bound is None else made._replace(outlet=bound.outlet, reason=bound.reason)
    if made.reason is Reason.GAVE_UP and bound is not None:
        # As failed, it would be free to go to another account. Decided by an earlier version, it has lost its reason.
        words = f"no attempt since has told more: {made.words}"
        reason = bound.reason or Reason.NO_ANSWER
        return made._replace(state=State.IN_DOUBT, reason=reason, words=words, outlet=bound.outlet)
    return made._replace(outlet=outlet)


def _outcome(
    key: DeliveryKey,
    verdict: Verdict,
    *,
    attempts: int,
    now_ms: int,
    retry: RetryPolicy,
    doubt: DoubtPolicy,
    recipient: str | None,
    since_ms: int | None,
) -> Outcome:
    mark, words = verdict.mark, verdict.words
    if mark is Mark.PERMANENT:
        return Outcome(key, State.FAILED, verdict.reason or Reason.REFUSED, words, recipient)
    if mark is Mark.THROTTLED and retry.put_off_too_long(since_ms, now_ms):
        return Outcome(key, State.FAILED, Reason.GAVE_UP, f"put off again and again: {words}", recipient)
    if mark is Mark.THROTTLED:
        return Outcome(key, State.QUEUED, None, words, recipient, now_ms + verdict.pause_ms, counted=False)
    delay_ms = retry.delay_ms(attempts + 1)
    if mark is Mark.TEMPORARY:
        if delay_ms is None:
            return Outcome(key, State.FAILED, Reason.GAVE_UP, words, recipient)
        return Outcome(key, State.QUEUED, None, words, recipient, now_ms + delay_ms)
    if doubt is DoubtPolicy.RESEND and delay_ms is not None:
        words = f"handed over again, because the outcome was in doubt: {words}"
        # The reason stays on the row: should the trigger be stopped first, the account is in doubt after all.
        return Outcome(key, State.QUEUED, verdict.reason or Reason.NO_ANSWER, words, recipient, now_ms + _RESEND_MS)
    return Outcome(key, State.IN_DOUBT, verdict.reason or Reason.NO_ANSWER, words, recipient)
