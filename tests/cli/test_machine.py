# SPDX-License-Identifier: Apache-2.0
"""`clarion machine` says which rule decides."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Clarion = Callable[..., "subprocess.CompletedProcess[str]"]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_it_says_who_it_is_and_why(clarion: Clarion, tmp_path: Path) -> None:
    assert clarion("machine", "--agent", BROWSER).stdout.startswith("person: no rule")
    assert clarion("machine", "--agent", BROWSER, "--address", "40.92.1.1").stdout.startswith(
        "machine: rule exchange-online-protection\n"
    )
    (tmp_path / "own.toml").write_text(
        '[[rule]]\nname = "office"\nsays = "machine"\nsource = "our scanner"\nnetworks = ["192.0.2.0/24"]\n'
    )
    own = {"CLARION_TRACKING_MACHINE_RULES": str(tmp_path / "own.toml")}
    found = clarion("machine", "--agent", BROWSER, "--address", "192.0.2.9", "--after", "60", **own)
    assert found.stdout == "machine: rule office\n  our scanner\n"
    assert clarion("machine", **own).stdout.startswith("machine  office\n         our scanner\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--address", "192.0.2.9"), "give its --agent"),
        (("--agent", BROWSER, "--address", "gateway"), "--address must be an IP address, not 'gateway'"),
        (("--agent", BROWSER, "--method", "POST"), "--method must be GET or HEAD"),
        (("--agent", BROWSER, "--header", "Purpose"), "--header must be 'Name: value'"),
        (("--agent", BROWSER, "--after", "-3"), "--after must be from 0"),
    ],
)
def test_what_is_no_request_is_taken_for_nobody(clarion: Clarion, arguments: tuple[str, ...], words: str) -> None:
    refused = clarion("machine", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr
