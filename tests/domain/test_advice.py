# SPDX-License-Identifier: Apache-2.0
"""What the answer to a test means."""

import pytest

from clarion.domain.advice import Ending, advice, ending_of, status_of
from clarion.domain.errors import Away, ClarionError, Permanent, Temporary, Throttled, Unknown


@pytest.mark.parametrize(
    ("error", "away", "ending"),
    [
        (None, False, Ending.TAKEN),
        (Permanent("550 no", "refused"), True, Ending.REFUSED),
        (Temporary("451 later"), False, Ending.LATER),
        (Throttled("429", 1.0), False, Ending.LATER),
        (Throttled("401 bad key", 60.0), True, Ending.AWAY),
        (Away("connection refused", 5.0), False, Ending.AWAY),
        (Unknown("no answer"), True, Ending.UNKNOWN),
    ],
)
def test_how_it_ended(error: ClarionError | None, away: bool, ending: Ending) -> None:
    assert ending_of(error, away=away) is ending


def test_a_status_is_what_the_words_begin_with() -> None:
    assert [status_of(words) for words in ("554 no", "202", "42 no", "kept in the outbox", "5541 x", "")] == [
        554,
        202,
        None,
        None,
        None,
        None,
    ]


def test_what_to_do() -> None:
    def said(ending: Ending, words: str = "", reason: str = "", channel: str = "email") -> str:
        return advice(channel, ending, reason, words) or ""

    assert said(Ending.TAKEN, "250 ok") == ""
    assert "verify it" in said(Ending.REFUSED, reason="sender_refused")
    assert "Look at the URL" in said(Ending.REFUSED, reason="invalid_address", channel="webhook")
    assert "answer says why" in said(Ending.REFUSED, reason="refused")
    assert "credentials" in said(Ending.AWAY, "535 5.7.8 no")
    assert "credentials" in said(Ending.AWAY, "401 {}")
    assert "nothing at present" in said(Ending.AWAY, "503 busy")
    assert "Nobody answers" in said(Ending.AWAY, "connection refused")
    assert "minute" in said(Ending.LATER, "429 slow down")
    assert "may have arrived" in said(Ending.UNKNOWN)
