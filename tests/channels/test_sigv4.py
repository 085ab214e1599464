# SPDX-License-Identifier: Apache-2.0
"""Signatures against the test suite that AWS publishes for Signature Version 4."""

from datetime import UTC, datetime

import pytest
from yarl import URL

from clarion.channels.sigv4 import Credentials, signed

TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthA"
    "x7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY"
    "9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
TWICE = (("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1"))
SCOPE = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "token", "names", "signature"),
    [
        pytest.param("GET", "/", (), b"", "", "host;x-amz-date",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", id="get-vanilla"),
        pytest.param("GET", "/?Param2=value2&Param1=value1", (), b"", "", "host;x-amz-date",
                     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", id="get-vanilla-query-order"),
        pytest.param("GET", "/", TWICE, b"", "", "host;my-header1;x-amz-date",
                     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea", id="get-header-key-duplicate"),
        pytest.param("POST", "/", (), b"", "", "host;x-amz-date",
                     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", id="post-vanilla"),
        pytest.param("POST", "/", FORM, b"Param1=value1", "", "content-type;host;x-amz-date",
                     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", id="post-form"),
        pytest.param("POST", "/", (), b"", TOKEN, "host;x-amz-date;x-amz-security-token",
                     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead", id="post-sts-header-before"),
    ],
)  # fmt: skip
def test_signs_as_published(
    method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes, token: str, names: str, signature: str
) -> None:
    made = dict(
        signed(
            Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token),
            region="us-east-1",
            service="service",
            method=method,
            url=URL(f"https://example.amazonaws.com{target}"),
            headers=headers,
            body=body,
            at=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
        )
    )
    assert made["Authorization"] == f"{SCOPE}, SignedHeaders={names}, Signature={signature}"
    assert made["X-Amz-Date"] == "20150830T123600Z"
    assert made.get("X-Amz-Security-Token", "") == token


def test_the_secret_is_never_shown() -> None:
    assert "hidden" not in repr(Credentials("id", "hidden", "hidden"))
