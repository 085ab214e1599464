# SPDX-License-Identifier: Apache-2.0
"""Named queries: every SQL statement of Clarion stands in `sql/*.sql` under a name and a comment.

A block begins with ``-- name: get_person``; a block that serves one engine only is named
``-- name: get_person @postgres`` and says why it differs. Parameters are written ``:name``. ``{{now_ms}}`` is
the database's own clock in milliseconds; ``person_id {{in :person_ids}}`` asks whether a number is in a JSON list, by
index whatever the table's size.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

from clarion.domain.errors import SetupError

Engine = Literal["sqlite", "postgres"]

_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)(?: @(?P<engine>sqlite|postgres))?\s*$")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_IN = re.compile(r"\{\{in (:[a-z_]+)\}\}")
_IN_LIST = {
    "sqlite": r"IN (SELECT value FROM json_each(\1))",
    "postgres": r"= ANY (CAST(translate(\1, '[]', '{}') AS bigint[]))",  # an array, but for the brackets
}
_NOW_MS = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
    "postgres": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)",
}


def load(engine: Engine, folder: Traversable | None = None) -> Mapping[str, str]:
    """All statements for one engine, by name, in its driver's parameter style; `folder` instead of our own.

    Raises:
        SetupError: a name defined twice, or a file that starts without a name.
    """
    found: dict[str, str] = {}
    specific: set[str] = set()
    files = folder or resources.files("clarion.store").joinpath("sql")
    for file in sorted(files.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        for name, only, text in _blocks(file.name, file.read_text("utf-8")):
            if only is not None and only != engine:
                continue
            if name in found and (only is None) == (name not in specific):
                raise SetupError(f"query {name} is defined twice ({file.name})")
            if only is not None:
                specific.add(name)
            elif name in specific:
                continue
            found[name] = _for_driver(text, engine)
    return found


def _blocks(file_name: str, text: str) -> list[tuple[str, str | None, str]]:
    blocks: list[tuple[str, str | None, list[str]]] = []
    for line in text.splitlines():
        header = _NAME.match(line)
        if header:
            blocks.append((header["name"], header["engine"], []))
        elif line.strip().startswith("--") or not line.strip():
            continue
        elif not blocks:
            raise SetupError(f"{file_name}: text before the first query name")
        else:
            blocks[-1][2].append(line)
    return [(name, engine, "\n".join(lines)) for name, engine, lines in blocks]


def _for_driver(text: str, engine: Engine) -> str:
    text = _IN.sub(_IN_LIST[engine], text.replace("{{now_ms}}", _NOW_MS[engine])).rstrip().rstrip(";")
    if engine == "sqlite":
        return text
    return _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))


def for_driver(text: str, engine: Engine) -> str:
    """A statement composed at run time (the audience's narrowing) in the driver's parameter style."""
    return _for_driver(text, engine)


@cache
def numbered(text: str, names: tuple[str, ...]) -> str:
    """A statement for SQLite with its parameters by their place in `names`, so that rows need no names."""
    return _PARAMETER.sub(lambda found: f"?{names.index(found[1]) + 1}", text)
