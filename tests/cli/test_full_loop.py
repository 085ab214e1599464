# SPDX-License-Identifier: Apache-2.0
"""All the way round, by processes: a trigger, a mail through a mail server, its link followed, an event, a conversion
in the numbers, and a webhook that is told."""

import base64
import email
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import policy
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from tests.support.postgres_cluster import free_port

from .commands import Command
from .conftest import Running, Start

pytestmark = pytest.mark.timeout(120)

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_SHOP = "https://shop.example/spring?a=1"
_BROADCAST = {
    "name": "Loop",
    "recipients": {},
    "goal": {"kind": "event", "event": "purchase", "window_days": 1, "counted_from": "clicked"},
    "actions": [
        {"subject": "Spring", "body": f'<p><a href="{_SHOP}">Shop</a></p>', "from": "Acme <news@example.com>"},
    ],
}


class Mailbox:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.content: bytes = b""
        self.came = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.content = envelope.content
        self.came.set()
        return "250 2.0.0 kept"


def html(content: bytes) -> str:
    part = email.message_from_bytes(content, policy=policy.default).get_body(("html",))
    assert part is not None
    return str(part.get_content())


class Told:
    """What the reporting webhook was called with."""

    def __init__(self) -> None:
        self.events: dict[str, Any] = {}
        self.everything = threading.Event()


@contextmanager
def listening(told: Told) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.events[event["metric"]] = event
            if told.events.keys() >= {"sent", "clicked", "converted"}:
                told.everything.set()
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/told"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    kept, port = Mailbox(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, port
    controller.stop()


def follow(url: str) -> str | None:
    """Where a browser is sent on to."""
    parts = urlsplit(url)
    assert parts.hostname
    with closing(HTTPConnection(parts.hostname, parts.port or 80, timeout=30)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}".rstrip("?"), headers={"User-Agent": _BROWSER})
        answer = connection.getresponse()
        assert answer.status == 302
        return answer.getheader("location")


def track(server: Running, method: str, path: str, body: object) -> None:
    pair = base64.b64encode(f"{server.facts['site_id']}:{server.facts['track_key']}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
    request = urllib.request.Request(server.facts["url"] + path, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def test_a_click_in_a_real_mail_becomes_a_conversion(
    start: Start, tmp_path: Path, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    place = ("--database-url", f"sqlite:///{tmp_path / 'shared.db'}", "--data-dir", str(tmp_path / "shared"))
    rules = tmp_path / "machines.toml"
    rules.write_text("replace = true\n")  # else the click is a machine's: no person is so fast
    server = start(
        "serve", "--demo", "--no-worker", *place,
        CLARION_DATA_FILE_ALLOW_PRIVATE_ADDRESSES="true", CLARION_TRACKING_MACHINE_RULES=str(rules),
    )  # fmt: skip
    settings = {
        "CLARION_EMAIL_PROVIDER": "smtp",
        "CLARION_SMTP_HOST": "127.0.0.1",
        "CLARION_SMTP_PORT": str(port),
        "CLARION_SMTP_SECURITY": "none",
        "CLARION_SERVER_BASE_URL": server.facts["url"],
        "CLARION_DATA_FILE_ALLOW_PRIVATE_ADDRESSES": "true",
    }
    worker, told = Command(tmp_path, "worker", *place, **settings), Told()
    try:
        with listening(told) as endpoint:
            hook = {"name": "Loop", "endpoint": endpoint, "events": ["email_sent", "email_clicked", "email_converted"]}
            server.call("POST", "/v1/reporting_webhooks", "app_key", hook)
            track(server, "PUT", "/api/v1/customers/ann", {"email": "ann@loop.example"})
            made = server.call("POST", "/api/clarion/v1/broadcasts", "manage_key", _BROADCAST)["broadcast"]
            server.call("POST", f"/api/clarion/v1/broadcasts/{made['id']}/activate", "manage_key", {})
            path = f"/v1/campaigns/{made['id']}/triggers"
            trigger_id = server.call("POST", path, "app_key", {"ids": ["ann"]})["id"]
            assert box.came.wait(60)
            (link,) = set(re.findall(r'href="(http://[^"]+/e/c/[^"]+)"', html(box.content)))
            assert follow(link) == _SHOP
            track(server, "POST", "/api/v1/customers/ann/events", {"name": "purchase", "data": {"total": 12}})
            assert told.everything.wait(60)
        converted = told.events["converted"]
        assert converted["data"]["identifiers"]["id"] == "ann"
        assert (converted["data"]["broadcast_id"], converted["data"]["trigger_id"]) == (made["id"], trigger_id)
        counts = server.call("GET", f"{path}/{trigger_id}/metrics", "app_key")["metric"]["counts"]
        assert {name: counts[name] for name in ("sent", "human_clicked", "machine_clicked", "converted")} == {
            "sent": 1,
            "human_clicked": 1,
            "machine_clicked": 0,
            "converted": 1,
        }
        (message,) = server.call("GET", f"/v1/messages?metric=converted&campaign_id={made['id']}", "app_key")[
            "messages"
        ]
        assert message["id"] == converted["data"]["delivery_id"]
    finally:
        assert worker.end() == 0
    server.stop()
