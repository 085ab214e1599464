# SPDX-License-Identifier: Apache-2.0
"""The states of an account, and the id under which it is known outside."""

import base64
import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.deliveries import ALLOWED, REASON_WORDS, DeliveryKey, Reason, State, key_of, public_id

SECRET = bytes(range(32))
keys = st.builds(DeliveryKey, st.integers(0, 2**48 - 1), st.integers(0, 2**40 - 1), st.integers(0, 2**40 - 1))


def test_every_state_says_what_may_follow() -> None:
    assert set(ALLOWED) == set(State)
    assert ALLOWED[State.QUEUED] == set(State)
    assert ALLOWED[State.FAILED] == {State.QUEUED}
    for final in (State.SENT, State.SKIPPED, State.STOPPED):
        assert ALLOWED[final] == frozenset()
    assert State.IN_DOUBT not in ALLOWED[State.IN_DOUBT]
    assert [state.word for state in State][-1] == "in_doubt"


def test_the_schema_knows_the_same_states() -> None:
    schema = resources.files("clarion.store").joinpath("migrations", "0001_initial.sql").read_text("utf-8")
    between = re.search(r"delivery_state_known CHECK \(state BETWEEN (\d+) AND (\d+)\)", schema)
    assert between is not None
    assert {int(state) for state in State} == set(range(int(between[1]), int(between[2]) + 1))
    without = re.search(r"not_sent_has_a_reason CHECK \(state IN \(([\d, ]+)\)", schema)
    assert without is not None
    assert {int(n) for n in without[1].split(",")} == {State.QUEUED, State.SENT, State.DRAFTED}


def test_every_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert all(words and words == words.strip() for words in REASON_WORDS.values())


@given(keys)
def test_the_public_id_leads_back(key: DeliveryKey) -> None:
    public = public_id(key, SECRET)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", public)
    assert key_of(public, SECRET) == key
    assert public_id(key, SECRET) == public


@given(keys, keys)
def test_each_account_has_another(one: DeliveryKey, two: DeliveryKey) -> None:
    assert (public_id(one, SECRET) == public_id(two, SECRET)) == (one == two)


@given(keys, st.integers(0, 191))
def test_a_changed_bit_is_refused(key: DeliveryKey, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(public_id(key, SECRET)))
    raw[bit // 8] ^= 1 << (bit % 8)
    assert key_of(base64.urlsafe_b64encode(raw).decode(), SECRET) is None


@given(st.text(max_size=40))
def test_any_text_is_refused(text: str) -> None:
    assert key_of(text, SECRET) is None


def test_other_spellings_are_refused() -> None:
    public = next(
        text
        for text in (public_id(DeliveryKey(1, seq, 1), SECRET) for seq in range(1, 1_000))
        if "-" in text and "_" in text
    )
    for other in (
        public.replace("-", "+"),
        public.replace("_", "/"),
        public + "=",
        public + "\n",
        " " + public,
        public[:-1],
        public.swapcase(),
    ):
        assert key_of(other, SECRET) is None


def test_another_installation_refuses_it() -> None:
    assert key_of(public_id(DeliveryKey(1, 2, 3), SECRET), bytes(32)) is None


@pytest.mark.parametrize("key", [DeliveryKey(2**48, 1, 1), DeliveryKey(1, 2**40, 1), DeliveryKey(1, 1, -1)])
def test_a_number_that_does_not_fit_is_never_cut(key: DeliveryKey) -> None:
    with pytest.raises(OverflowError):
        public_id(key, SECRET)
