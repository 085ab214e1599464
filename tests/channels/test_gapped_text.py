# SPDX-License-Identifier: Apache-2.0
"""Whatever the texts are, each message gets its own back, character for character."""

import re
from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from clarion.channels.gapped_text import GappedTexts, Limits

PAGE = (
    '<p>Dear {name},</p>\n<a href="https://x.example/e/c/{id}/one">1</a><a href="https://x.example/e/c/{id}/two">2</a>'
)
NONE_TOO_LONG = Limits(gaps=1_000, size=10**9, measure=len)


def page(number: int, name: str | None = None) -> str:
    return PAGE.format(name=name or f"Ann {number}", id=f"d{number}")


def filled(texts: GappedTexts, message: int) -> list[str]:
    """As a service fills in the values."""
    values = texts.values(message)
    names = {f"\0{gap}\0": value for gap, value in enumerate(values)}
    return [re.sub("\0\\d+\0", lambda found: names[found[0]], text) for text in texts.texts(lambda gap: f"\0{gap}\0")]


def gapped(messages: Sequence[Sequence[str]], limits: Limits = NONE_TOO_LONG) -> tuple[GappedTexts, list[int]]:
    """The texts, and which of the messages they have."""
    texts = GappedTexts(limits)
    return texts, [at for at, message in enumerate(messages) if texts.add(message)]


def test_what_is_personal_in_many_places_is_one_gap() -> None:
    texts, taken = gapped([(f"Hello {number}", page(number)) for number in range(50)])
    assert len(taken) == len(texts) == 50
    assert texts.values(7) == ["Hello 7", "Dear Ann 7,", "d7"]
    assert texts.texts(lambda gap: f"[{gap}]") == ["[0]", PAGE.format(name="", id="[2]").replace("Dear ,", "[1]")]


def test_what_becomes_different_later_is_a_gap_of_all() -> None:
    messages = [("x/same/a",), ("x/same/a",), ("x/same/b",), ("y/same/c",)]
    texts, _ = gapped(messages)
    assert [texts.values(at) for at in range(4)] == [["x", "a"], ["x", "a"], ["x", "b"], ["y", "c"]]
    texts, _ = gapped([("1/1",), ("2/2",), ("3/4",)])  # one gap that becomes two
    assert [texts.values(at) for at in range(3)] == [["1", "1"], ["2", "2"], ["3", "4"]]


def test_one_of_another_make_has_a_gap_between_what_is_the_same() -> None:
    messages = [(page(1), "a/b"), (page(2), "a/b/c"), (page(3), "a/d")]
    texts, taken = gapped(messages)
    assert taken == [0, 1, 2]
    assert [texts.values(at)[-1] for at in range(3)] == ["b", "b/c", "d"]
    assert [filled(texts, at) for at in range(3)] == [list(message) for message in messages]


def test_a_paragraph_that_not_everybody_has_is_one_gap() -> None:
    extra = ("", "<p>Because you are new: <b>welcome</b></p>\n", "<p>And <i>this</i></p>\n")
    messages = [(f"{'<p>same</p>' * 9}\n{extra[number % 3]}{page(number)}",) for number in range(60)]
    texts, taken = gapped(messages)
    assert len(taken) == 60
    assert len(texts.values(0)) < 8
    assert sum(map(len, texts.values(1))) < 120
    assert [filled(texts, at) for at in range(60)] == [list(message) for message in messages]


def test_one_that_would_cut_many_anew_is_not_taken() -> None:
    _, taken = gapped([(page(number),) for number in range(65)] + [("<p>" + page(65),), (page(66),)])
    assert taken == [*range(65), 66]


def test_who_would_need_too_much_is_not_taken_and_changes_nothing() -> None:
    limits = Limits(gaps=3, size=30, measure=lambda values: sum(map(len, values)))
    too_much = [(page(3, "Ann " * 20),), (page(4, "A<b>" * 10),), ("a/b/c/d/e/f/g",)]
    messages = [(page(1),), (page(2),), *too_much, (page(5),)]
    texts, taken = gapped(messages, limits)
    assert taken == [0, 1, 5]
    assert [filled(texts, at) for at in range(3)] == [list(messages[at]) for at in taken]
    limits = Limits(gaps=2, size=30, measure=len)
    assert gapped([("a/b/c",), ("d/e/c",), ("g/h/i",)], limits)[1] == [0, 1]


TEXTS = st.lists(st.tuples(*[st.text(alphabet='ab{}/<>"\n ☃', max_size=12) for _ in range(2)]), min_size=1, max_size=6)


@given(TEXTS, st.integers(0, 8), st.integers(0, 30))
@example([("", ""), ("/", "")], 1, 0)
def test_each_gets_its_own_texts_back(messages: list[tuple[str, str]], gaps: int, size: int) -> None:
    texts, taken = gapped(messages, Limits(gaps, size, measure=lambda values: sum(map(len, values))))
    assert 0 in taken
    assert [filled(texts, at) for at in range(len(texts))] == [list(messages[at]) for at in taken]
    for at in range(len(texts)):
        assert len(texts.values(at)) <= gaps
        assert sum(map(len, texts.values(at))) <= size
