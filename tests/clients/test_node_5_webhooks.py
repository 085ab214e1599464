# SPDX-License-Identifier: Apache-2.0
"""`customerio-node` 5: reporting webhooks, made by the client, and their signature checked by its own function."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .drivers import NodeDriver, processed
from .node import Node
from .servers import Server
from .test_node_5 import status_of

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

_VERIFY = """
import { verifyRequestSignature } from "customerio-node";
import { readFileSync } from "node:fs";
console.log(verifyRequestSignature(JSON.parse(readFileSync(0, "utf8"))));
"""


@contextmanager
def endpoint() -> Iterator[tuple[str, list[tuple[dict[str, str], str]]]]:
    """A web server that takes calls; its URL, and what it got: headers and body."""
    taken: list[tuple[dict[str, str], str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/hook", taken
        finally:
            server.shutdown()
            thread.join()


def verified(node: str, secret: str, headers: dict[str, str], body: str) -> bool:
    """What the client's own function says."""
    given = {
        "signingSecret": secret,
        "timestamp": headers["x-cio-timestamp"],
        "signature": headers["x-cio-signature"],
        "body": body,
    }
    said = subprocess.run(
        [node, "--input-type=module", "-e", _VERIFY],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parent,
    )
    return said.stdout.strip() == "true"


def test_a_message_is_told_and_signed(node: str, node5: Node, plain: Server) -> None:
    with endpoint() as (url, taken):
        made = node5.app("createReportingWebhook", {"name": "Node", "endpoint": url, "events": ["email_sent"]})
        secret = made.pop("signing_secret")
        assert node5.app("getReportingWebhook", made["id"]) == made
        assert made in node5.app("listReportingWebhooks")["reporting_webhooks"]
        assert node5.app("updateReportingWebhook", made["id"], {"name": "New"}) == {**made, "name": "New"}

        broadcast_id = plain.broadcast({}, subject="Told", body="<p>{{ customer.id }}</p>")
        trigger_id = node5.app("triggerBroadcast", broadcast_id, {}, {"ids": ["person-41"]})["id"]
        processed(plain, NodeDriver(node5), broadcast_id, trigger_id)

        def mine() -> tuple[dict[str, str], dict[str, Any], str] | None:
            for headers, body in taken:
                told = json.loads(body)
                if told["data"]["trigger_id"] == trigger_id:
                    return headers, told, body
            return None

        headers, told, body = plain.until(mine, "the webhook was called")
        assert (told["object_type"], told["metric"]) == ("email", "sent")
        assert told["data"]["identifiers"]["id"] == "person-41"
        assert told["data"]["subject"] == "Told"
        assert verified(node, secret, headers, body)
        assert not verified(node, secret, headers, body.replace("person-41", "person-42"))
        assert node5.app("deleteReportingWebhook", made["id"]) == {}
    assert status_of(node5, "app", "getReportingWebhook", made["id"]) == 404
