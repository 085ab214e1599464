# SPDX-License-Identifier: Apache-2.0
"""What differs between two messages is taken out of the words, what is the same stays."""

import pytest

from clarion.domain.causes import MOST_CHARACTERS, cause_of


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (None, ""),
        ("", ""),
        ("550 5.1.1 <ann@x.test>: user  unknown", "550 5.1.1 [address]: user unknown"),
        ("550 5.1.1 bob@y.test user unknown", "550 5.1.1 [address] user unknown"),
        ("451 4.7.1 try later (from 10.0.0.7, id 4Fk2m19zQ0)", "451 4.7.1 try later (from [host], id [token])"),
        ("blocked, see https://example.com/x?id=7", "blocked, see [url]"),
        ("line 3: customer.first_name is missing", "line 3: customer.first_name is missing"),
        ("quota 12345 exceeded", "quota [number] exceeded"),
        ("x" * 1_000, "x" * MOST_CHARACTERS),
    ],
)
def test_words_of_a_class(words: str | None, cause: str) -> None:
    assert cause_of(words) == cause
