# SPDX-License-Identifier: Apache-2.0
"""A running server whose triggers are controlled as a person would do it, and as somebody hostile would."""

import gzip
import http.client
import json
import socket
import time
import urllib.parse
from collections.abc import Iterable
from typing import Any

import pytest

from clarion.cli.demo_content import PEOPLE, TRIGGER_DATA

from .conftest import Running, Start

pytestmark = pytest.mark.timeout(150)

SECONDS = 60


class Caller:
    """Calls a server and says what came back; an answer of 500 and above is a failure wherever it comes."""

    def __init__(self, server: Running) -> None:
        parts = urllib.parse.urlsplit(server.facts["url"])
        assert parts.hostname
        assert parts.port
        self.address = (parts.hostname, parts.port)
        self.server = server

    def __call__(self, method: str, path: str, body: object = None, key: str = "manage_key") -> tuple[int, Any]:
        content = None if body is None else json.dumps(body).encode()
        return self.send(method, path, content, {"Content-Type": "application/json"}, key)

    def send(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None, headers: dict[str, str], key: str
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(*self.address, timeout=SECONDS)
        try:
            chunked = not (body is None or isinstance(body, bytes))
            secret = {"Authorization": f"Bearer {self.server.facts[key]}"}
            connection.request(method, path, body, {**headers, **secret}, encode_chunked=chunked)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status < 500, (method, path, said)
        return answer.status, said

    def trigger(self, body: object = None) -> int:
        status, said = self("POST", self.triggers, {"data": TRIGGER_DATA} if body is None else body, "app_key")
        assert status == 200, said
        return int(said["id"])

    @property
    def triggers(self) -> str:
        return f"/v1/campaigns/{self.server.facts['broadcast_id']}/triggers"

    def ok(self, method: str, path: str, body: object = None) -> Any:
        status, said = self(method, path, body)
        assert status == 200, said
        return said

    def sums(self, trigger_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("GET", f"/api/clarion/v1/triggers/{trigger_id}")["trigger"]
        return found

    def until(self, trigger_id: int, state: str = "", sent: int = 0) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        found: dict[str, Any] = {}
        while time.monotonic() < end:
            status, said = self("GET", f"/api/clarion/v1/triggers/{trigger_id}")
            found = said["trigger"] if status == 200 else {}  # a call that is being received may not be on record yet
            if found and found["states"]["sent"] >= sent and state in ("", found["state"]):
                return found
        pytest.fail(f"the trigger never came to that: {found}")


@pytest.fixture
def call(start: Start, store_url: str) -> Caller:
    arguments = ("serve", "--demo", "--database-url", store_url)
    return Caller(start(*arguments, CLARION_TRIGGER_INTERVAL_SECONDS="0", CLARION_TRIGGER_QUEUE="100"))


def one(trigger_id: int, word: str) -> str:
    return f"/api/clarion/v1/triggers/{trigger_id}/{word}"


def test_a_trigger_is_slowed_paused_changed_resumed_and_sent_again(call: Caller) -> None:
    trigger_id = call.trigger()
    rate = {"messages": 200, "per": "second"}
    shown = call.ok("PUT", one(trigger_id, "control"), {"rate": rate, "priority": 3})["trigger"]
    assert (shown["rate"], shown["priority"], shown["paused"]) == (rate, 3, False)
    call.until(trigger_id, "sending", sent=100)
    assert call.ok("POST", one(trigger_id, "pause"))["trigger"]["paused"]
    began, reached = time.monotonic(), 0
    while time.monotonic() < began + 1.5:  # from a second later on nothing is handed over
        reached = call.sums(trigger_id)["states"]["sent"]
    assert call.ok("GET", one(trigger_id, "control"))["trigger"]["paused_at"]
    status, said = call("GET", f"{call.triggers}/{trigger_id}", key="app_key")
    assert status == 200, said
    began = time.monotonic()
    while time.monotonic() < began + 1.0:
        assert call.sums(trigger_id)["states"]["sent"] == reached
    assert 100 <= reached < PEOPLE

    status, said = call("POST", one(trigger_id, "send_again"), {"to": "in_doubt"})
    assert status == 422
    assert "may_double" in json.dumps(said)
    assert call.ok("POST", one(trigger_id, "apply_content"))["changed"] is False
    assert not call.ok("POST", one(trigger_id, "resume"))["trigger"]["paused"]
    assert call.ok("PUT", one(trigger_id, "control"), {"rate": None})["trigger"]["rate"] is None
    assert call.until(trigger_id, "done")["states"]["sent"] == PEOPLE

    assert call.ok("POST", one(trigger_id, "send_again"), {"to": "failed"})["accounts"] == 0
    call.ok("POST", one(trigger_id, "send_again"), {"to": "joined_since"})
    found = call.until(trigger_id, "done")
    assert found["states"]["sent"] == PEOPLE, "nobody joined"
    assert [told["to"] for told in call.ok("GET", one(trigger_id, "history"))["again"]] == ["joined_since"]


WORDS = ("pause", "resume", "stop", "cancel", "send_again", "apply_content", "control", "history")
BODIES: list[object] = [
    None,
    [],
    {"rate": {"messages": 0, "per": "second"}},
    {"rate": {"messages": 1, "per": "fortnight"}},
    {"rate": 5},
    {"spread": -1},
    {"priority": "high"},
    {"priority": 10**30},
    {"rate": {"messages": 10**30, "per": "day"}},
    {"to": "everybody"},
    {"to": "failed", "reasons": ["nonsense"]},
    {"to": "in_doubt", "may_double": "yes"},
    {"unknown": True},
]


def test_no_call_in_no_state_is_more_than_refused(call: Caller) -> None:
    """Every control call, with every odd body, of a trigger in every state: refused in words, or done."""
    at_s = int(time.time()) + 3_600
    scheduled = call.trigger({"data": TRIGGER_DATA, "scheduled_at": at_s})
    cancelled = call.trigger({"data": TRIGGER_DATA, "scheduled_at": at_s})
    call.ok("POST", one(cancelled, "cancel"))
    done = call.trigger({"data": TRIGGER_DATA, "ids": ["person-7"]})
    call.until(done, "done")
    paused = call.trigger()
    call.ok("POST", one(paused, "pause"))
    refused = 0
    for trigger_id in (scheduled, cancelled, done, paused, 999_999, 2**80):
        for word in WORDS:
            for body in BODIES:
                method = "PUT" if word == "control" else "POST"
                status, said = call(method, one(trigger_id, word), body)
                if word in {"stop", "cancel"} and body is None:
                    continue
                if body is not None:
                    assert status >= 400, (word, body, said)
                if status >= 400:
                    refused += 1
                    assert said, (word, body)
    assert refused > 400
    assert (
        call(  # what was stopped on the way is over for everybody
            "POST", one(paused, "resume")
        )[0]
        == 409
    )
    assert call.until(paused, "stopped")["accounted"]


def lines(count: int) -> Iterable[bytes]:
    yield json.dumps({"data": TRIGGER_DATA, "id_ignore_missing": True}).encode() + b"\n"
    for n in range(1, count + 1):
        yield json.dumps({"id": f"person-{n}", "data": {"headline": f"For {n}"}}).encode() + b"\n"


NDJSON = {"Content-Type": "application/x-ndjson"}


def test_people_streamed_in_the_call_plain_packed_and_broken_off(call: Caller) -> None:
    status, said = call.send("POST", call.triggers, lines(3_000), NDJSON, "app_key")
    assert status == 200, said
    assert call.until(said["id"], "done")["states"]["sent"] == 3_000

    packed = gzip.compress(b"".join(lines(500)))
    parts = (packed[at : at + 100] for at in range(0, len(packed), 100))
    status, said = call.send("POST", call.triggers, parts, {**NDJSON, "Content-Encoding": "gzip"}, "app_key")
    assert status == 200, said
    last = int(said["id"])
    assert call.until(last, "done")["states"]["sent"] == 500

    key = call.server.facts["app_key"]
    head = f"POST {call.triggers} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(call.address, timeout=SECONDS) as connection:
        connection.sendall(head.encode())
        for line in lines(200):
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
        call.until(last + 1)  # it is on record while it is being received
    found = call.until(last + 1, "failed")
    assert found["failure"]
    assert sum(found["states"].values()) == 0, "nobody was sent anything"
    call.ok("GET", "/api/clarion/v1/triggers/1")
