# SPDX-License-Identifier: Apache-2.0
"""One address before several servers, each request to the next of them: what a load balancer without memory does."""

import http.client
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_BETWEEN_TWO = {"connection", "keep-alive", "transfer-encoding"}


@contextmanager
def balanced(urls: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """The common address, and how many requests each server had."""
    counts = [0] * len(urls)
    turns = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            turn = next(turns) % len(urls)
            counts[turn] += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with closing(http.client.HTTPConnection(urlsplit(urls[turn]).netloc, timeout=30)) as server:
                server.request(self.command, self.path, body, dict(self.headers.items()))
                answer = server.getresponse()
                content = answer.read()
            with suppress(ConnectionError):  # the tab went on to another page
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {*_BETWEEN_TWO, "content-length", "date"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    front = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    front.daemon_threads = True
    thread = threading.Thread(target=front.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{front.server_port}", counts
    finally:
        front.shutdown()
        front.server_close()
        thread.join()
