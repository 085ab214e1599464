# SPDX-License-Identifier: Apache-2.0
"""The shapes of a trigger call (contract §2.1), each for the same small crowd, with whom it reaches."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DATA = {"headline": "the night bus runs", "voucher": "SHARED"}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the crowd."""

    id: str
    email: str
    first_name: str
    plan: str

    @property
    def attributes(self) -> dict[str, Any]:
        return {"email": self.email, "first_name": self.first_name, "plan": self.plan, "created_at": 1_700_000_000}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Three people in one segment. Zoë's id is a number."""

    ada: Somebody
    bjorn: Somebody
    zoe: Somebody
    segment_id: int

    @property
    def everybody(self) -> tuple[Somebody, ...]:
        return (self.ada, self.bjorn, self.zoe)

    def somebody(self, first_name: str) -> Somebody:
        return next(one for one in self.everybody if one.first_name == first_name)


def people(tag: str, number: int) -> tuple[Somebody, Somebody, Somebody]:
    """Three people whose names nobody else has."""
    return (
        Somebody(f"{tag}/ada+1 50%25?", f"ada.{tag}@example.com", "Ada", "premium"),
        Somebody(f"{tag}-björn 2", f"bjorn+{tag}@example.com", "Björn", "free"),
        Somebody(str(number), f"ZOE.{tag}@example.com", "Zoë", "premium"),
    )


@dataclass(slots=True)
class Files:
    """A web server for data files."""

    url: str
    served: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)

    def put(self, name: str, text: str, *, compressed: bool = False) -> str:
        """Serve a text; the URL."""
        content = gzip.compress(text.encode()) if compressed else text.encode()
        headers = {"Content-Encoding": "gzip"} if compressed else {}
        self.served[f"/{name}"] = (content, {"Content-Type": "application/x-ndjson", **headers})
        return f"{self.url}/{name}"


@contextmanager
def serving_files() -> Iterator[Files]:
    """A web server on this machine; what was not put there is 403."""
    files = Files("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = files.served.get(self.path)
            content, headers = found or (b"", {})
            self.send_response(200 if found else 403)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        files.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield files
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, slots=True)
class Shape:
    """`selector` makes the selector with its flags, {} for the default audience; `vouchers`: who is reached, and
    the voucher each reads; `errors`: the sentences of the errors endpoint."""

    name: str
    selector: Callable[[Crowd, Files], dict[str, Any]]
    vouchers: dict[str, str]
    errors: Callable[[Crowd], list[str]] = lambda _: []
    from_file: bool = False


def _filter(crowd: Crowd, _: Files) -> dict[str, Any]:
    plan = {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}}
    named = {"attribute": {"field": "email", "operator": "exists"}}
    stranger = {"not": {"attribute": {"field": "first_name", "operator": "eq", "value": "Zoë"}}}
    return {"recipients": {"and": [{"segment": {"id": crowd.segment_id}}, {"or": [plan, named]}, stranger]}}


def _emails(crowd: Crowd, _: Files) -> dict[str, Any]:
    emails = [crowd.ada.email, "nobody@example.org", crowd.zoe.email.lower()]
    return {"emails": emails, "email_ignore_missing": True, "email_add_duplicates": True}


def _ids(crowd: Crowd, _: Files) -> dict[str, Any]:
    return {"ids": [crowd.ada.id, int(crowd.zoe.id), "nobody at all"], "id_ignore_missing": True}


def _entries(crowd: Crowd) -> list[dict[str, Any]]:
    return [
        {"id": crowd.ada.id, "data": {"voucher": "A-1"}},
        {"email": crowd.bjorn.email, "data": {"voucher": "B-2"}},
        {"id": "nobody at all", "data": {"voucher": "N-0"}},
        {"id": crowd.zoe.id},
    ]


def _per_user(crowd: Crowd, _: Files) -> dict[str, Any]:
    return {"per_user_data": _entries(crowd), "id_ignore_missing": True}


def _file(crowd: Crowd, files: Files, *, compressed: bool) -> dict[str, Any]:
    text = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in _entries(crowd)) + "\n"
    url = files.put(f"{crowd.zoe.id}.jsonl?signature=a%2Fb", text, compressed=compressed)
    return {"data_file_url": url, "id_ignore_missing": True}


_OWN = {"Ada": "A-1", "Björn": "B-2", "Zoë": "SHARED"}


def _third_is_unknown(_: Crowd) -> list[str]:
    return ['line 3: customer id "nobody at all" not found']


SHAPES = (
    Shape("default", lambda *_: {}, {"Ada": "SHARED", "Björn": "SHARED", "Zoë": "SHARED"}),
    Shape("recipients", _filter, {"Ada": "SHARED", "Björn": "SHARED"}),
    Shape(
        "emails",
        _emails,
        {"Ada": "SHARED", "Zoë": "SHARED"},
        lambda _: ['line 2: email "nobody@example.org" not found'],
    ),
    Shape("ids", _ids, {"Ada": "SHARED", "Zoë": "SHARED"}, _third_is_unknown),
    Shape("per_user_data", _per_user, _OWN, _third_is_unknown),
    Shape("data_file_url", lambda c, f: _file(c, f, compressed=False), _OWN, _third_is_unknown, from_file=True),
    Shape("data_file_url-gzip", lambda c, f: _file(c, f, compressed=True), _OWN, _third_is_unknown, from_file=True),
)
