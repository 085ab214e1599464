# SPDX-License-Identifier: Apache-2.0
"""Every way a hand-over can end, times policy, times attempts: what the account says then; and the pauses between."""

import pytest

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import ALLOWED, DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import Permanent, SendError, Temporary, Throttled, Unknown
from clarion.pipeline import verdict
from clarion.pipeline.flight import Mark, Trace
from clarion.pipeline.retry import DEFAULT_DELAYS_S, RetryPolicy
from clarion.pipeline.verdict import Bound, Verdict

KEY = DeliveryKey(1, 2, 3)
NOW = 1_000_000
RETRY = RetryPolicy((5.0, 60.0))  # three attempts
HOLD, RESEND = DoubtPolicy.HOLD, DoubtPolicy.RESEND
ATTEMPTS = (0, 1, 2, 7)  # made before this one; with 2 it is the last, 7 is beyond (the setting was shortened)


def outcome(said: Verdict, attempts: int = 0, doubt: DoubtPolicy = HOLD) -> Outcome:
    return verdict.outcome(KEY, said, attempts=attempts, now_ms=NOW, retry=RETRY, doubt=doubt, recipient="a@x.test")


@pytest.mark.parametrize("doubt", [HOLD, RESEND])
@pytest.mark.parametrize("attempts", ATTEMPTS)
class TestWhateverThePolicy:
    def test_sent(self, attempts: int, doubt: DoubtPolicy) -> None:
        said = Verdict(Mark.SENT, "250 ok")
        assert outcome(said, attempts, doubt) == Outcome(KEY, State.SENT, None, "250 ok", "a@x.test")

    @pytest.mark.parametrize("reason", [None, Reason.REFUSED, Reason.TOO_LARGE])
    def test_permanent(self, attempts: int, doubt: DoubtPolicy, reason: Reason | None) -> None:
        expected = Outcome(KEY, State.FAILED, reason or Reason.REFUSED, "550 no", "a@x.test")
        assert outcome(Verdict(Mark.PERMANENT, "550 no", reason), attempts, doubt) == expected

    def test_put_off_for_too_long_it_failed(self, attempts: int, doubt: DoubtPolicy) -> None:
        said = Verdict(Mark.THROTTLED, "slow down")

        def after(hours: float) -> Outcome:
            since_ms = NOW - int(hours * 3_600_000)
            return verdict.outcome(
                KEY, said, attempts=attempts, now_ms=NOW, retry=RETRY, doubt=doubt, since_ms=since_ms
            )

        assert after(23.9).state is State.QUEUED
        given_up = after(24)
        assert (given_up.state, given_up.reason) == (State.FAILED, Reason.GAVE_UP)
        assert given_up.words == "put off again and again: slow down"

    def test_throttled_costs_no_attempt(self, attempts: int, doubt: DoubtPolicy) -> None:
        expected = Outcome(KEY, State.QUEUED, None, "slow down", "a@x.test", NOW + 1_500, counted=False)
        assert outcome(Verdict(Mark.THROTTLED, "slow down", pause_ms=1_500), attempts, doubt) == expected
        assert outcome(Verdict(Mark.THROTTLED, ""), attempts, doubt).due_ms == NOW + 30_000

    def test_temporary(self, attempts: int, doubt: DoubtPolicy) -> None:
        found = outcome(Verdict(Mark.TEMPORARY, "451 later"), attempts, doubt)
        if attempts < 2:
            due = NOW + (5_000, 60_000)[attempts]
            assert found == Outcome(KEY, State.QUEUED, None, "451 later", "a@x.test", due)
        else:
            assert found == Outcome(KEY, State.FAILED, Reason.GAVE_UP, "451 later", "a@x.test")
        assert found.counted


@pytest.mark.parametrize("attempts", ATTEMPTS)
@pytest.mark.parametrize("reason", [None, Reason.NO_ANSWER, Reason.SENDER_DIED])
def test_no_answer_is_held(attempts: int, reason: Reason | None) -> None:
    found = outcome(Verdict(Mark.HANDED_OVER, "eof", reason), attempts, HOLD)
    assert found == Outcome(KEY, State.IN_DOUBT, reason or Reason.NO_ANSWER, "eof", "a@x.test")


@pytest.mark.parametrize("attempts", ATTEMPTS)
def test_no_answer_is_handed_over_again_while_attempts_are_left(attempts: int) -> None:
    found = outcome(Verdict(Mark.HANDED_OVER, "eof", Reason.NO_ANSWER), attempts, RESEND)
    assert found.counted
    if attempts < 2:
        assert (found.state, found.due_ms, found.reason) == (State.QUEUED, NOW + 5_000, Reason.NO_ANSWER)
        assert found.words is not None
        assert found.words.endswith("in doubt: eof")
    else:
        assert (found.state, found.reason, found.words) == (State.IN_DOUBT, Reason.NO_ANSWER, "eof")


@pytest.mark.parametrize("said", [Verdict(Mark.THROTTLED, "away"), Verdict(Mark.TEMPORARY, "451 later")])
@pytest.mark.parametrize("reason", [None, Reason.SENDER_DIED])
def test_a_repeat_that_tells_nothing_leaves_it_in_doubt_with_its_account(said: Verdict, reason: Reason | None) -> None:
    """Also one that has no reason any more: as failed it could go by another account."""
    found = verdict.outcome(
        KEY, said, attempts=2, now_ms=NOW, retry=RETRY, doubt=HOLD, since_ms=NOW - 10**9, bound=Bound(5, reason)
    )
    assert (found.state, found.reason, found.outlet) == (State.IN_DOUBT, reason or Reason.NO_ANSWER, 5)


@pytest.mark.parametrize("mark", [mark for mark in Mark if mark is not Mark.UNTOUCHED])
@pytest.mark.parametrize("doubt", list(DoubtPolicy))
@pytest.mark.parametrize("attempts", ATTEMPTS)
def test_every_outcome_is_one_the_ledger_takes(mark: Mark, doubt: DoubtPolicy, attempts: int) -> None:
    found = outcome(Verdict(mark, "words"), attempts, doubt)
    assert found.state in ALLOWED[State.QUEUED]
    # One that is handed over again keeps its reason: stopped before that, it is in doubt after all.
    again = mark is Mark.HANDED_OVER and found.state is State.QUEUED
    assert (found.reason is None) == (found.state in {State.QUEUED, State.SENT} and not again)
    assert (found.due_ms > NOW) == (found.state is State.QUEUED)
    assert found.words


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Temporary("451"), Verdict(Mark.TEMPORARY, "451")),
        (Throttled("421", 1.5), Verdict(Mark.THROTTLED, "421", pause_ms=1_500)),
        (Throttled("421", 0), Verdict(Mark.THROTTLED, "421", pause_ms=0)),
        (Permanent("550", "too_large"), Verdict(Mark.PERMANENT, "550", Reason.TOO_LARGE)),
        (Permanent("550", "no such reason"), Verdict(Mark.PERMANENT, "550", Reason.REFUSED)),
        (Unknown("eof"), Verdict(Mark.HANDED_OVER, "eof", Reason.NO_ANSWER)),
    ],
)
def test_each_error_has_its_verdict(error: SendError, expected: Verdict) -> None:
    assert verdict.of_error(error) == expected


def test_an_error_of_no_family_is_a_defect() -> None:
    with pytest.raises(TypeError, match="without a verdict"):
        verdict.of_error(SendError("x"))


@pytest.mark.parametrize("mark", list(Mark))
def test_a_trace_says_what_the_living_would_have_said(mark: Mark) -> None:
    found = verdict.of_trace(Trace(KEY, 1, mark, "words"))
    if mark is Mark.UNTOUCHED:
        assert found is None
    elif mark is Mark.HANDED_OVER:
        assert found is not None
        assert (found.mark, found.reason) == (mark, Reason.SENDER_DIED)
    else:
        assert found == Verdict(mark, "words")


@pytest.mark.parametrize(("made", "delay"), [(1, 5_000), (2, 60_000), (3, None), (9, None)])
def test_pauses(made: int, delay: int | None) -> None:
    assert RETRY.delay_ms(made) == delay


def test_no_pauses_mean_one_attempt() -> None:
    assert RetryPolicy(()).delay_ms(1) is None


def test_the_usual_is_eleven_attempts_over_about_an_hour() -> None:
    usual = RetryPolicy()
    assert [usual.delay_ms(made) is None for made in range(1, 12)] == [False] * 10 + [True]
    assert list(DEFAULT_DELAYS_S) == sorted(DEFAULT_DELAYS_S)
    assert 3_000 < sum(DEFAULT_DELAYS_S) < 4_000
