#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the pages of docs/ that are made from the code, or, with --check, says which of them differ from it.

With --check it also follows every relative link in the Markdown files of the project.
"""

import inspect
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, cast

from clarion.domain import deliveries
from clarion.pipeline import failpoint

DOCS = Path(__file__).parent
_MADE = "<!-- Made by docs/generate.py from {source}; `make docs` writes it anew. -->\n"
_SOURCE = re.compile(r"\s*\(contract §[^)]*\)")  # where a rule comes from: for developers
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def settings() -> str:
    """Every setting with its default, from the file that the program itself loads."""
    text = resources.files("clarion").joinpath("settings.default.toml").read_text("utf-8")
    defaults = tomllib.loads(text)
    explained = comments_of(text)
    lines = ["# Settings", "", _MADE.format(source="src/clarion/settings.default.toml")]
    lines += [explained.get("", ""), ""]
    for table, values in defaults.items():
        if not values:
            lines += [f"## {table}", "", explained.get(table, ""), ""]
            continue
        lines += [f"## {table}", "", "| setting | default | environment | meaning |", "|---|---|---|---|"]
        for key, value in values.items():
            name = f"{table}.{key}"
            variable = f"CLARION_{table}_{key}".upper()
            meaning = cell(explained.get(name, ""))
            lines.append(f"| `{name}` | `{json.dumps(value)}` | `{variable}` | {meaning} |")
        lines.append("")
    return page(lines)


def comments_of(text: str) -> dict[str, str]:
    """The comment above each `table.key`; under the empty name the one that opens the file."""
    found: dict[str, str] = {}
    table, waiting = "", []
    for line in text.splitlines():
        if line.startswith("#"):
            waiting.append(line.lstrip("#").strip())
        elif header := re.match(r"\[([a-z_.]+)\]\s*$", line):
            table, waiting = header[1], []
        elif key := re.match(r"([a-z_0-9]+)\s*=", line):
            found[f"{table}.{key[1]}"] = " ".join(waiting)
            waiting = []
        elif not line.strip():
            if waiting:
                found.setdefault(table, " ".join(waiting))
            waiting = []
    return found


def api() -> str:
    """Every route, by family."""
    from clarion.api.application import ENDPOINTS  # noqa: PLC0415 - the other pages can be made without it
    from clarion.api.health import PATHS as HEALTH  # noqa: PLC0415 - as above

    titles = {
        "app": ("App API", "Customer.io's, under `/v1`; the older prefix `/v1/api` reaches the same routes."),
        "track_v1": ("Track API v1", "Customer.io's, for people, their events, devices and segments."),
        "track_v2": ("Track API v2", "Customer.io's, one entity or a batch in a call."),
        "clarion": (
            "Management API",
            "Clarion's own: make, review and start broadcasts; settle what is in doubt.",
        ),
    }
    scopes = {
        "app": "`Authorization: Bearer` with an app key",
        "manage": "`Authorization: Bearer` with a key that may manage",
        "track": "Basic: site id and track key",
        "none": "no key",
    }
    lines = ["# HTTP API", "", _MADE.format(source="clarion.api.application.ENDPOINTS")]
    lines += ["A running server describes itself at `/openapi.json` (OpenAPI 3.1), with bodies and answers.", ""]
    for family, (title, words) in titles.items():
        of_family = [e for e in ENDPOINTS if family == ("clarion" if "/clarion/" in e.path else e.family)]
        if not of_family:
            continue
        lines += [f"## {title}", "", words, "", "| method | path | key | what it does |", "|---|---|---|---|"]
        for endpoint in of_family:
            paths = " or ".join(f"`{path}`" for path in (endpoint.path, *endpoint.aliases))
            summary = cell(_SOURCE.sub("", endpoint.summary)).rstrip(".")
            lines.append(f"| {endpoint.method} | {paths} | {endpoint.scope} | {summary} |")
        lines.append("")
    lines += ["## Keys", "", "| key | how it is sent |", "|---|---|"]
    used = {endpoint.scope for endpoint in ENDPOINTS}
    lines += [f"| {scope} | {words} |" for scope, words in scopes.items() if scope in used]
    lines += ["", "## Health and metrics", "", "Without a workspace's key.", ""]
    lines += ["| method | path | what it says |", "|---|---|---|"]
    lines += [f"| GET | `{path}` | {cell(words)} |" for path, words in HEALTH.items()]
    lines += ["", "## Pages behind the links in mails", "", "No key: the token names the delivery.", ""]
    lines += [f"- {method} `{path}`" for method, path in public_pages()]
    return page(lines)


def public_pages() -> Iterator[tuple[str, str]]:
    """Method and path of what the links in mails open."""
    from clarion.tracking.routes import Backend, routes  # noqa: PLC0415 - as above

    for route in routes(cast(Backend, None), lambda _: None):
        yield from ((method, route.path) for method in sorted((route.methods or set()) - {"HEAD"}))


def liquid() -> str:
    """Every tag and filter that a template may use."""
    from clarion.rendering import words  # noqa: PLC0415 - as above

    lines = ["# Liquid", "", _MADE.format(source="clarion.rendering.words")]
    lines += [
        "A name in **bold** is Customer.io's, or behaves as there; the others are standard Liquid.",
        "",
        "## Tags",
        "",
        *rows_of(words.tags()),
        "## Filters",
        "",
    ]
    groups: dict[str, list[words.Word]] = {"text": [], "numbers": [], "lists": [], "dates": [], "any value": []}
    subjects = {"string": "text", "math": "numbers", "array": "lists"}
    for word in words.filters():
        subject = word.module.rpartition(".")[2].removeprefix("filters_")
        subject = subjects.get(subject, subject)
        groups[subject if subject in groups else "any value"].append(word)
    for subject, found in groups.items():
        lines += [f"### For {subject}", "", *rows_of(found)]
    return page(lines)


def rows_of(found: Iterable[Any]) -> Iterator[str]:
    """A table of tags or filters; names that are not standard Liquid's are bold."""
    yield from ("| name | what it does |", "|---|---|")
    for word in found:
        name = f"`{word.name} … {word.end}`" if word.end else f"`{word.name}`"
        yield f"| {f'**{name}**' if word.ours else name} | {cell(word.help)} |"
    yield ""


def reasons() -> str:
    """Where an account can stand, and every reason why somebody was not sent a message."""
    lines = ["# Reasons", "", _MADE.format(source="clarion.domain.deliveries")]
    lines += ["Each person of a trigger's audience and each action has one account. It stands in one of", ""]
    lines += ["| number | state | may become |", "|---|---|---|"]
    for state in deliveries.State:
        later = ", ".join(f"`{after.word}`" for after in sorted(deliveries.ALLOWED[state]))
        lines.append(f"| {state.value} | `{state.word}` | {later or 'nothing: it is final'} |")
    for heading, members in reason_groups():
        lines += ["", f"## {heading[0].upper()}{heading[1:]}", "", "| reason | meaning |", "|---|---|"]
        lines += [f"| `{reason.value}` | {cell(deliveries.REASON_WORDS[reason])} |" for reason in members]
    return page(lines)


def reason_groups() -> Iterator[tuple[str, list[deliveries.Reason]]]:
    """The reasons under the comments that group them in the source."""
    heading, members = "Reasons", list[deliveries.Reason]()
    for line in inspect.getsource(deliveries.Reason).splitlines():
        if comment := re.match(r"\s*# (.+)", line):
            if members:
                yield heading, members
            heading, members = comment[1], []
        elif member := re.match(r"\s*([A-Z0-9_]+) = ", line):
            members.append(deliveries.Reason[member[1]])
    yield heading, members


def failpoints() -> str:
    """The places where a test can kill a worker."""
    said = dict(re.findall(r'"([a-z_.]+)",\s*# (.+)', inspect.getsource(failpoint)))
    lines = ["# Failpoints", "", _MADE.format(source="clarion.pipeline.failpoint")]
    lines += [
        "Places where a test kills the process with SIGKILL; `name:3` means the third time it is passed.",
        "What must hold afterwards is in [ARCHITECTURE.md](../ARCHITECTURE.md).",
        "",
        "| name | what is so at that moment |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {cell(said.get(name, ''))} |" for name in failpoint.NAMES]
    return page(lines)


def compatibility() -> str:
    """Every endpoint that Customer.io documents, and whether it is here."""
    from clarion.api.application import ENDPOINTS  # noqa: PLC0415 - the other pages can be made without it

    known = {(one.method, _nameless(path)) for one in ENDPOINTS for path in (one.path, *one.aliases)}
    known |= {(method, _nameless(path)) for method, path in public_pages()}
    documented = tomllib.loads((DOCS / "contract.toml").read_text("utf-8"))
    rows, counted = [], Counter[str]()
    for section, method, path, differs in documented["endpoints"]:
        state = "not offered" if (method, path) not in known else "part" if differs else "full"
        counted[state] += 1
        if state == "not offered" and not differs:
            raise SystemExit(f"docs/contract.toml: {method} {path} is not here, and nothing says why")
        shown = path.replace("{}", "…")
        rows.append(f"| {section} | {method} | `{shown}` | {state} | {cell(differs)} |")
    lines = ["# Compatibility with Customer.io", "", _MADE.format(source="docs/contract.toml and the routes")]
    lines += [
        "What Customer.io documents and a broadcast touches: endpoint by endpoint. "
        + ", ".join(f"{counted[state]} {state}" for state in ("full", "part", "not offered"))
        + ". Sections are those of our wire contract.",
        "",
        "| section | method | path | state | what differs |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "## Where its documents are silent",
        "",
        *(f"- **{name}**: {words}" for name, words in documented["choices"]),
    ]
    return page(lines)


def _nameless(path: str) -> str:
    """A path with its parameters' names taken out."""
    return re.sub(r"{\w+}", "{}", path)


def postman() -> str:
    """The routes as a Postman collection, from the document that a server serves."""
    from clarion.api import openapi  # noqa: PLC0415 - as above
    from clarion.api.application import ENDPOINTS  # noqa: PLC0415 - as above

    document = openapi.document(ENDPOINTS, "{{base_url}}")
    folders: dict[str, list[object]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            folders[operation["tags"][0]].append(_request(path, method.upper(), operation))
    collection = {
        "info": {
            "name": "Clarion",
            "description": "API-triggered broadcasts on Customer.io's wire. Set base_url and the keys.",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [
            {"key": key, "value": value}
            for key, value in (
                ("base_url", "http://127.0.0.1:8025"),
                ("app_key", ""),
                ("manage_key", ""),
                ("site_id", ""),
                ("track_key", ""),
            )
        ],
        "item": [{"name": name, "item": items} for name, items in folders.items() if items],
    }
    return json.dumps(collection, indent=1, ensure_ascii=False) + "\n"


def _request(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, object]:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    given = operation["parameters"]
    url: dict[str, object] = {"raw": "{{base_url}}/" + "/".join(parts), "host": ["{{base_url}}"], "path": parts}
    url["variable"] = [{"key": one["name"], "value": ""} for one in given if one["in"] == "path"]
    url["query"] = [
        {"key": one["name"], "value": "", "disabled": True, "description": one["schema"].get("description", "")}
        for one in given
        if one["in"] == "query"
    ]
    schemes = {name for one in operation["security"] for name in one}
    request: dict[str, object] = {"method": method, "url": url, "auth": _auth(schemes), "header": []}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        request["header"] = [{"key": "Content-Type", "value": "application/json"}]
        request["body"] = {"mode": "raw", "raw": json.dumps(body.get("example", {}), indent=2, ensure_ascii=False)}
    return {"name": operation["summary"], "request": request, "response": []}


def _auth(schemes: set[str]) -> dict[str, object]:
    if "track_key" in schemes:
        pair = [("username", "{{site_id}}"), ("password", "{{track_key}}")]
        return {"type": "basic", "basic": [{"key": key, "value": value, "type": "string"} for key, value in pair]}
    for name in sorted(schemes):
        return {"type": "bearer", "bearer": [{"key": "token", "value": "{{" + name + "}}", "type": "string"}]}
    return {"type": "noauth"}


def cell(text: str) -> str:
    """Text that does not end a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def page(lines: list[str]) -> str:
    """The lines of a page, with one newline at the end."""
    return "\n".join(lines).rstrip() + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "api.md": api,
    "clarion.postman_collection.json": postman,
    "compatibility.md": compatibility,
    "failpoints.md": failpoints,
    "liquid.md": liquid,
    "reasons.md": reasons,
    "settings.md": settings,
}


def check() -> list[str]:
    """What is wrong with the pages, as sentences."""
    wrong = []
    for name, make in PAGES.items():
        path = DOCS / name
        if not path.exists() or path.read_text("utf-8") != make():
            wrong.append(f"docs/{name} differs from the code: run `make docs` and commit it")
    return wrong + list(broken_links())


def broken_links() -> Iterator[str]:
    """Relative links in the project's Markdown that lead nowhere."""
    root = DOCS.parent
    for path in sorted([*root.glob("*.md"), *DOCS.rglob("*.md")]):
        for target in _LINK.findall(path.read_text("utf-8")):
            file = target.partition("#")[0]
            outside = "://" in file or file.startswith("mailto:")
            if file and not outside and not (path.parent / file).exists():
                yield f"{path.relative_to(root)}: the link to {target} leads nowhere"


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    if arguments == ["--check"]:
        wrong = check()
        sys.stderr.writelines(f"{sentence}\n" for sentence in wrong)
        if not wrong:
            sys.stdout.write(f"{len(PAGES)} generated pages are what the code says; no broken links\n")
        return 1 if wrong else 0
    if arguments:
        sys.stderr.write("usage: docs/generate.py [--check]\n")
        return 2
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), "utf-8")
    sys.stdout.write(f"wrote {', '.join(PAGES)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
