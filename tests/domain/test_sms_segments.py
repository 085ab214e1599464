# SPDX-License-Identifier: Apache-2.0
"""How an SMS is cut into segments: the composer's own examples."""

import pytest

from clarion.domain.sms_segments import Segments, segments_of


@pytest.mark.parametrize(
    ("text", "count", "length", "encoding"),
    [
        ("", 0, 0, "GSM-7"),
        ("Hi é £", 1, 6, "GSM-7"),
        ("a" * 160, 1, 160, "GSM-7"),
        ("a" * 161, 2, 161, "GSM-7"),
        ("a" * 307, 3, 307, "GSM-7"),
        ("€" * 80, 1, 160, "GSM-7"),
        ("€" * 81, 2, 162, "GSM-7"),
        ("ж" * 70, 1, 70, "UCS-2"),
        ("ж" * 71, 2, 71, "UCS-2"),
        ("🚍" * 35, 1, 70, "UCS-2"),
        ("🚍" * 36, 2, 72, "UCS-2"),
    ],
)
def test_a_text_takes_segments(text: str, count: int, length: int, encoding: str) -> None:
    assert segments_of(text) == Segments(count, length, encoding)
