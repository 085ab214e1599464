# SPDX-License-Identifier: Apache-2.0
"""Log lines say where and what, never who, unless the operator wants them to."""

import json
import logging
import subprocess
import sys

import pytest

from clarion.observability.privacy import MASK, mask, traceback_without_values

SCRIPT = """
import logging, sys, structlog
from clarion.observability import set_up_logging
set_up_logging("info", sys.argv[1], personal_data=sys.argv[2] == "yes")
log = structlog.get_logger("clarion.test")
log.warning("person.refused", email="ann@example.test", trigger_id=7, error="550 <bob@example.test> unknown")
try:
    try:
        int("Carla Example")
    except ValueError as error:
        raise RuntimeError("no number for Carla Example") from error
except RuntimeError:
    log.exception("compose.crashed", seq=9)
    logging.getLogger("library").exception("could not use '%s' of %s", "Carla Example", "dave@example.test")
"""
PEOPLE = ("ann@", "bob@", "Carla", "dave@")


def run(form: str, personal_data: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, form, personal_data], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stderr.splitlines()


def test_a_line_of_json_names_nobody_and_keeps_what_helps() -> None:
    refused, crashed, library = (json.loads(line) for line in run("json", "no"))
    assert not [name for name in PEOPLE if name in json.dumps([refused, crashed, library])]
    assert (refused["event"], refused["trigger_id"], refused["email"]) == ("person.refused", 7, MASK)
    assert refused["error"].startswith("550 <")
    assert crashed["seq"] == 9
    assert "ValueError" in crashed["exception"]
    assert "RuntimeError" in crashed["exception"]
    assert "<string>:9" in crashed["exception"], "the place is the point"
    assert library["logger"] == "library"


def test_text_names_nobody_either() -> None:
    lines = "\n".join(run("text", "no"))
    assert "compose.crashed" in lines
    assert not [name for name in PEOPLE if name in lines]


def test_who_wants_the_values_has_them() -> None:
    lines = "\n".join(run("json", "yes"))
    assert all(name in lines for name in PEOPLE)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("it can't be sent to a.b+c@example.test: won't", f"it can't be sent to {MASK}: won't"),
        ('Key (id)=(ann) already exists in "person"', f"Key (id)=({MASK}) already exists in {MASK}"),
        ("line 7: 'Ann' names nobody", f"line 7: {MASK} names nobody"),
        ("421 4.7.0 try again later", "421 4.7.0 try again later"),
    ],
)
def test_the_words_of_an_error(said: str, left: str) -> None:
    assert mask(None, "", {"event": "x", "why": said})["why"] == left


def test_values_inside_other_values_are_masked_too() -> None:
    event = {"event": "x", "facts": {"email": "a", "n": 1, "deep": [{"id": 5}, "b@example.test"]}, "count": 3}
    assert mask(None, "", event) == {
        "event": "x",
        "facts": {"email": MASK, "n": 1, "deep": [{"id": MASK}, MASK]},
        "count": 3,
    }


def test_an_event_without_an_exception_is_left_alone() -> None:
    assert traceback_without_values(logging, "", {"event": "x"}) == {"event": "x"}
