# SPDX-License-Identifier: Apache-2.0
"""Who is taken for a machine."""

import pytest

from clarion.tracking.machines import is_machine, is_proxied

_SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E"
_GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize(
    ("method", "headers", "machine"),
    [
        ("GET", {"user-agent": _SAFARI}, False),
        ("GET", {"user-agent": _GMAIL}, False),
        ("GET", {"user-agent": "Mozilla/5.0"}, True),
        ("GET", {}, True),
        ("HEAD", {"user-agent": _SAFARI}, True),
        ("GET", {"user-agent": _SAFARI, "sec-purpose": "prefetch;prerender"}, True),
        ("GET", {"user-agent": _SAFARI, "purpose": "preview"}, True),
        ("GET", {"user-agent": "Barracuda Sentinel (EE)"}, True),
        ("GET", {"user-agent": "python-requests/2.31"}, True),
    ],
)
def test_a_machine_is_told_by_what_it_says(method: str, headers: dict[str, str], machine: bool) -> None:
    assert is_machine(method, headers) is machine


def test_a_mail_service_that_fetches_for_its_reader() -> None:
    assert is_proxied({"user-agent": _GMAIL})
    assert not is_proxied({"user-agent": _SAFARI})
