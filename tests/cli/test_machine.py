# SPDX-License-Identifier: Apache-2.0
"""`clarion machine` says which rule decides."""

import subprocess
from collections.abc import Callable
from pathlib import Path

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
