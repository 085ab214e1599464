# SPDX-License-Identifier: Apache-2.0
"""Snippets: named pieces of Liquid that messages include (contract §7.3)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any, Literal

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.reference import people as reference
from clarion.domain.broadcasts import BroadcastKind, EmailContent
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, Problem, RenderError, RequestError
from clarion.rendering.email import check_snippet
from clarion.store import broadcasts, layouts, snippets
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.snippets import Snippet

MAX_NAME_BYTES = 150
MAX_VALUE_BYTES = 16 * 1024
MAX_WORKSPACE_BYTES = 5 * 1024 * 1024


def _shape(snippet: Snippet) -> dict[str, Any]:
    return {"name": snippet.name, "value": snippet.value, "updated_at": snippet.updated_ms // 1_000}


async def listing(call: Call) -> Response:
    """`GET /v1/snippets`."""
    found = await call.api.read(lambda tx: snippets.listing(tx, call.workspace))
    return answer({"snippets": [_shape(snippet) for snippet in found]})


async def put(call: Call) -> Response:
    """`PUT /v1/snippets`: create, or replace the one of that name."""
    return await _save(call, replaces=True)


async def create(call: Call) -> Response:
    """`POST /v1/snippets`."""
    return await _save(call, replaces=False)


async def _save(call: Call, *, replaces: bool) -> Response:
    body = await call.json_object()
    name, value = _text(body, "name", MAX_NAME_BYTES).strip(), _text(body, "value", MAX_VALUE_BYTES)
    if not name:
        raise InvalidRequest("a snippet needs a name", "/name")

    # Parsing holds no transaction open. If another snippet changes meanwhile, the review of a broadcast tells.
    listed = await call.api.read(lambda tx: snippets.listing(tx, call.workspace))
    known = {snippet.name: snippet.value for snippet in listed}
    wrong = await call.api.run(lambda: check_snippet(name, value, snippets=known))
    if wrong:
        first, *more = (Problem(_sentence(error), "/value") for error in wrong)
        raise InvalidRequest(first.detail, first.pointer, more=tuple(more))

    def work(tx: Transaction) -> Snippet:
        found = snippets.listing(tx, call.workspace)
        others = [snippet for snippet in found if snippet.name != name]
        if len(others) < len(found) and not replaces:
            raise Conflict("there is a snippet of this name already", "/name")
        if sum(len(snippet.value.encode()) for snippet in others) + len(value.encode()) > MAX_WORKSPACE_BYTES:
            raise InvalidRequest(f"the snippets would be larger than {MAX_WORKSPACE_BYTES} bytes in all", "/value")
        return snippets.save(tx, call.workspace, name, value)

    return answer({"snippet": _shape(await call.api.write(work))})


def _sentence(error: RenderError) -> str:
    if error.line is None:
        return error.message
    return f"{error.message} (line {error.line}, column {error.column})"


def _text(body: dict[str, Any], key: str, limit: int) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise InvalidRequest("must be a string", f"/{key}")
    if len(value.encode()) > limit:
        raise InvalidRequest(f"is longer than {limit} bytes", f"/{key}")
    return value


async def delete(call: Call) -> Response:
    """`DELETE /v1/snippets/{name}`; one that a message, a layout or another snippet mentions stays."""
    name = call.text("name")

    def work(tx: Transaction) -> None:
        if all(snippet.name != name for snippet in snippets.listing(tx, call.workspace)):
            raise NotFound
        if uses(name, places(tx, call.workspace)):
            raise RequestError("unable to delete snippet in use")
        snippets.delete(tx, call.workspace, name)

    await call.api.write(work)
    return nothing()


@dataclass(frozen=True, slots=True)
class Place:
    """Something with templates in it: a broadcast or a transactional message, a layout, a snippet."""

    kind: Literal["broadcast", "transactional", "layout", "snippet"]
    number: int | None
    name: str
    texts: tuple[str, ...]


def places(tx: Transaction, workspace: Workspace) -> list[Place]:
    """Wherever a snippet can be mentioned."""
    found: list[Place] = []
    for one in broadcasts.listing(tx, workspace, None):
        texts = tuple(text for action in one.actions for content in action.contents for text in _texts(content))
        kind: Literal["broadcast", "transactional"] = (
            "broadcast" if one.kind is BroadcastKind.BROADCAST else "transactional"
        )
        found.append(Place(kind, one.broadcast_id, one.name, texts))
    for stored in layouts.listing(tx, workspace):
        found.append(Place("layout", stored.layout.layout_id, stored.layout.name, (stored.layout.html,)))
    for snippet in snippets.listing(tx, workspace):
        found.append(Place("snippet", None, snippet.name, (snippet.value,)))
    return found


def uses(name: str, everywhere: Iterable[Place]) -> list[Place]:
    """Where else a snippet is mentioned: as `snippets.name` or `snippets["name"]`, with the spaces that Liquid allows
    (contract §13.2).

    Found also in templates that do not parse yet.
    """
    quoted = re.escape(name)
    mention = re.compile(rf"""\bsnippets\s*(?:\.\s*{quoted}(?![\w-])|\[\s*(?:"{quoted}"|'{quoted}')\s*\])""")
    return [
        one
        for one in everywhere
        if (one.kind, one.name) != ("snippet", name) and any(mention.search(text) for text in one.texts)
    ]


def _texts(value: object) -> Iterator[str]:
    """Every template of a message, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, EmailContent):
        yield from _texts(astuple(value))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/snippets",
        listing,
        "app",
        "app",
        "Every snippet",
        reference=reference.SNIPPETS,
    ),
    Endpoint(
        "PUT",
        "/v1/snippets",
        put,
        "app",
        "app",
        "Create or replace a snippet",
        reference=reference.SAVE_SNIPPET,
    ),
    Endpoint(
        "POST",
        "/v1/snippets",
        create,
        "app",
        "app",
        "Create a snippet",
        reference=reference.SAVE_SNIPPET,
    ),
    Endpoint(
        "DELETE",
        "/v1/snippets/{name}",
        delete,
        "app",
        "app",
        "Delete a snippet that no message uses",
        reference=reference.DELETE_SNIPPET,
    ),
)
