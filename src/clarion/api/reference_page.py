# SPDX-License-Identifier: Apache-2.0
"""The API reference as one page to read, made from the same document that programs read.

Written on the server, without scripts: it opens at once, works offline, prints, and is searched with the browser's own
search. Nothing on it comes from anywhere else.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

_STYLE = (
    ":root{color-scheme:light dark;--ink:#1a1a1a;--soft:#5a5f66;--line:#d8dce1;--paper:#fff;--shade:#f5f6f8;"
    "--get:#0b6e4f;--post:#1a4fa3;--put:#8a5300;--delete:#a8201a}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e9ebee;--soft:#a9b0b8;--line:#3a3f46;--paper:#15171a;"
    "--shade:#1e2126;--get:#5fd3a8;--post:#8fb4ff;--put:#f0b45b;--delete:#ff8f87}}"
    "*{box-sizing:border-box}html{scroll-padding-top:1rem}"
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}"
    ".page{display:grid;grid-template-columns:minmax(0,19rem) minmax(0,1fr);max-width:80rem;margin:0 auto}"
    "nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;padding:1rem;font-size:.85rem;"
    "border-right:1px solid var(--line)}nav ul{list-style:none;margin:0 0 1rem;padding:0}"
    "nav a{display:block;padding:.15rem 0;color:inherit;text-decoration:none;overflow-wrap:anywhere}"
    "nav a:hover{text-decoration:underline}main{padding:1rem 1.5rem 6rem}h1{font-size:1.8rem;margin:.5rem 0}"
    "h2{margin:3rem 0 1rem;border-bottom:2px solid var(--line)}"
    "main{min-width:0;overflow-wrap:anywhere}h3{margin:2.5rem 0 .25rem;font-size:1.05rem;"
    "overflow-wrap:anywhere}h4{margin:1rem 0 .25rem;font-size:.85rem;color:var(--soft)}"
    "h3 a{color:inherit;text-decoration:none}h3 a:hover{text-decoration:underline}p{margin:.25rem 0 .75rem}"
    "code,pre{font:.85rem/1.45 ui-monospace,monospace}pre{background:var(--shade);border:1px solid var(--line);"
    "border-radius:.3rem;padding:.75rem;overflow:auto;margin:.25rem 0}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;"
    "padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
    ".get{color:var(--get)}.post{color:var(--post)}.put,.patch{color:var(--put)}.delete{color:var(--delete)}"
    ".soft{color:var(--soft);font-size:.9rem}a:focus-visible,summary:focus-visible{outline:3px solid #f5a623;"
    "outline-offset:2px}summary{cursor:pointer}"
    "@media(max-width:50rem){.page{display:block}nav{position:static;max-height:none;border:0}"
    "nav details{border-bottom:1px solid var(--line);padding:.4rem 0}main{padding:1rem}"
    "table,tbody,tr,th,td{display:block}td,th{border:0;padding:.1rem 0}tr{border-bottom:1px solid var(--line);"
    "padding:.3rem 0}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
_CODE = re.compile(r"`([^`]+)`")


def page(document: Mapping[str, Any]) -> HTMLResponse:
    """The page of an OpenAPI 3.1 document as `openapi.document` makes it. Aliases are named where their route is."""
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {tag["name"]: [] for tag in document["tags"]}
    aliases: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            first = operation.get("x-alias-of")
            if first is not None:
                aliases.setdefault(f"{method} {first}", []).append(path)
            else:
                groups[operation["tags"][0]].append((method, path, operation))
    body = "".join(
        f"<h2>{escape(name)}</h2>"
        + "".join(
            _route(method, path, operation, aliases.get(f"{method} {path}", []), document)
            for method, path, operation in routes
        )
        for name, routes in groups.items()
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Clarion API reference</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><div class=page><nav aria-label=Routes>{_contents(groups)}</nav><main>"
        f"<h1>{escape(document['info']['title'])} API</h1>{_opening(document)}{body}</main></div></body></html>"
    )
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(html, headers=headers)


def _opening(document: Mapping[str, Any]) -> str:
    server = escape(document["servers"][0]["url"])
    keys = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(one['scheme'])}: {escape(one['description'])}</td></tr>"
        for name, one in document["components"]["securitySchemes"].items()
    )
    return (
        f"<p>{escape(document['info']['summary'])}. Version {escape(document['info']['version'])}, at "
        f"<code>{server}</code>. For programs: <a href=/openapi.json>openapi.json</a>.</p>"
        f"<table>{keys}</table><p>Times are Unix seconds. A failure names the field that is wrong; "
        "429 and 503 say in <code>Retry-After</code> when to come back.</p>"
    )


def _contents(groups: Mapping[str, list[tuple[str, str, dict[str, Any]]]]) -> str:
    return "".join(
        f"<details><summary>{escape(name)}</summary><ul>"
        + "".join(
            f'<li><a href="#{operation["operationId"]}"><span class={method}>{method.upper()}</span> {escape(path)}</a>'
            for method, path, operation in routes
        )
        + "</ul></details>"
        for name, routes in groups.items()
    )


def _breakable(path: str) -> str:
    return escape(path).replace("/", "<wbr>/")


def _route(
    method: str, path: str, operation: Mapping[str, Any], aliases: list[str], document: Mapping[str, Any]
) -> str:
    anchor = operation["operationId"]
    also = "".join(f"<br>also <code>{escape(alias)}</code>" for alias in aliases)
    keys = ", ".join(name for need in operation["security"] for name in need) or "none"
    parts = [
        (
            f'<section><h3 id="{anchor}"><a href="#{anchor}"><span class={method}>{method.upper()}</span> '
            f"{escape(path)}</a></h3><p>{_prose(operation['summary'])}. {_prose(operation.get('description', ''))}</p>"
            f"<p class=soft>Key: {escape(keys)}.{also}</p>"
        ),
        _parameters(operation.get("parameters", [])),
    ]
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if sent.get("schema", {}).get("properties"):
        parts += ["<h4>Body</h4>", _properties(sent["schema"])]
    if "example" in sent:
        parts += ["<h4>For example</h4>", f"<pre>{_call(method, path, keys, sent['example'], document)}</pre>"]
    failures = []
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json", {})
        if not status.startswith("2"):
            failures.append(f"<tr><th scope=row>{status}</th><td>{_prose(response['description'])}</td></tr>")
        elif "example" in content:
            parts += [f"<h4>Answer {status}</h4>", f"<pre>{_json(content['example'])}</pre>"]
        else:
            parts.append(f"<h4>Answer {status}</h4><p>Nothing in the body.</p>")
    parts.append(f"<details><summary>Failures</summary><table>{''.join(failures)}</table></details></section>")
    return "".join(parts)


def _parameters(parameters: list[Mapping[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><th scope=row><code>{escape(one['name'])}</code></th><td>{escape(one['in'])}</td>"
        f"<td>{_kind(one['schema'])}</td><td>{_prose(one['schema'].get('description', ''))}</td></tr>"
        for one in parameters
    )
    return f"<h4>Parameters</h4><table>{rows}</table>"


def _properties(schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code>{' *' if name in required else ''}</th><td>{_kind(one)}</td>"
        f"<td>{_prose(one.get('description', ''))}{_inner(one)}</td></tr>"
        for name, one in schema["properties"].items()
    )
    return f"<table>{rows}</table>"


def _inner(schema: Mapping[str, Any]) -> str:
    inner = schema.get("items", schema) if schema.get("type") == "array" else schema
    return _properties(inner) if isinstance(inner, Mapping) and inner.get("properties") else ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
    kind = schema.get("type", "anything")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    items = schema.get("items", {}).get("type") if kind == "array" else None
    return escape(f"array of {items}" if isinstance(items, str) else words)


def _call(method: str, path: str, keys: str, example: object, document: Mapping[str, Any]) -> str:
    key = {"track_key": "-u $SITE_ID:$TRACK_KEY", "manage_key": '-H "Authorization: Bearer $MANAGE_KEY"'}
    given = key.get(keys, '-H "Authorization: Bearer $APP_KEY"' if keys != "none" else "")
    url = f"{document['servers'][0]['url']}{path}"
    return escape(
        f"curl -X {method.upper()} '{url}' {given} \\\n  -H 'Content-Type: application/json' -d '"
        + json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
        + "'"
    )


def _json(value: object) -> str:
    return escape(json.dumps(value, indent=2, ensure_ascii=False))


def _prose(words: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(words))
