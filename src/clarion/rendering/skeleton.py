# SPDX-License-Identifier: Apache-2.0
"""The data that templates ask of a trigger call, as an example: read from their text, good to start with."""

import re
from collections.abc import Iterable
from typing import Any

_LOOP = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+trigger\.([\w.-]+)")
_NUMBER = re.compile(
    r"\|\s*(?:plus|minus|times|divided_by|modulo|round|ceil|floor|abs|at_least|at_most|format_number|currency"
    r"|rounded_currency)\b"
)
_DATE = re.compile(r"\|\s*(?:date\b|date_to_|add_day|add_month|add_year|subtract_)")
_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_A_DAY = 1_796_040_000  # Unix seconds


def skeleton(paths: Iterable[str], texts: Iterable[str]) -> dict[str, Any]:
    """An object with a value for each path that begins with ``trigger.``; what is looped over is a list of one.

    `paths`: as `rendering.email.variables` gives them; `texts`: the templates.
    """
    whole = "\n".join(texts)
    made: dict[str, Any] = {}
    for path in sorted({path for path in paths if path.startswith("trigger.")}):
        _put(made, path.split(".")[1:], _value(path, whole))
    for variable, looped in _LOOP.findall(whole):
        keys = dict.fromkeys(re.findall(rf"\b{re.escape(variable)}\.(\w+)", whole))
        item: Any = {key: _value(f"{variable}.{key}", whole) for key in keys} or variable
        _put(made, looped.split("."), [item])
    return made


def _value(path: str, text: str) -> object:
    name = path.rpartition(".")[2]
    mentioned = re.compile(rf"(?<![\w.-]){re.escape(path)}(?![\w-])")
    outputs = [found[0] for found in _OUTPUT.finditer(text) if mentioned.search(found[0])]
    if any(_DATE.search(output) for output in outputs):
        return _A_DAY
    if any(_NUMBER.search(output) for output in outputs):
        return 1
    return name.replace("_", " ").replace("-", " ")


def _put(made: dict[str, Any], names: list[str], value: object) -> None:
    for name in names[:-1]:
        inner = made.setdefault(name, {})
        if not isinstance(inner, dict):
            inner = made[name] = {}
        made = inner
    if isinstance(made.get(names[-1]), dict) and not isinstance(value, list):
        return  # what is inside of it is known already
    made[names[-1]] = value
