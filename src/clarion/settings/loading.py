# SPDX-License-Identifier: Apache-2.0
"""Where settings come from: the default file, a file of the operator's, the environment, the command line."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from clarion.domain.errors import SetupError
from clarion.settings import accounts
from clarion.settings.checking import check
from clarion.settings.sections import Settings

_PREFIX = "CLARION_"
_NOT_SETTINGS = frozenset({"CLARION_CONFIG"})  # names the file itself; the command line reads it


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Put the settings together; `overrides` are dotted paths from the command line, None values are ignored.

    Raises:
        SetupError: a file that cannot be read, an unknown key, or a value of the wrong kind.
    """
    values = tomllib.loads(resources.files("clarion").joinpath("settings.default.toml").read_text("utf-8"))
    if file is not None:
        _merge(values, _read(file), str(file))
    for name, text in (environment or {}).items():
        path = _path(values, name)
        if path is not None and path[0] == "accounts":
            values["accounts"].setdefault(path[1], {})[path[2]] = text
        elif path is not None:
            values[path[0]][path[1]] = _parsed(values[path[0]][path[1]], text, name)
    for dotted, value in (overrides or {}).items():
        if value is not None:
            table, _, key = dotted.partition(".")
            values[table][key] = value
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise SetupError(f"settings: {_told(error)}") from None
    check(settings)
    return settings


def _told(error: msgspec.ValidationError) -> str:
    """The setting first, as the operator knows it, and what it may be where that is a list."""
    said, at, place = str(error).partition(" - at `$.")
    if not at:
        return said
    name = place.rstrip("`")
    kind: object = Settings
    for part in name.split("."):
        kind = get_type_hints(kind).get(part) if isinstance(kind, type) else None
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    told = f"{name}: {said[0].lower()}{said[1:]}"
    return f"{told}; there are: {', '.join(map(str, choices))}" if choices else told


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SetupError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{file}: {error}") from None


def _merge(values: dict[str, Any], given: dict[str, Any], source: str) -> None:
    for table, keys in given.items():
        if table not in values:
            raise SetupError(f"{source}: unknown table [{table}]; known: {', '.join(values)}")
        if not isinstance(keys, dict):
            raise SetupError(f"{source}: {table} must be a table")
        if table == "accounts":
            accounts.merge(values[table], keys, source)
            continue
        for key, value in keys.items():
            if key not in values[table]:
                raise SetupError(f"{source}: unknown key {key!r} in [{table}]; known: {', '.join(values[table])}")
            values[table][key] = value


def _path(values: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """The setting that an environment variable names; other CLARION_ variables are errors."""
    if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
        return None
    wanted = name.removeprefix(_PREFIX)
    for table, keys in values.items():
        for key in keys if table != "accounts" else ():
            if wanted == f"{table}_{key}".upper():
                return table, key
    found = accounts.of_environment(wanted)
    if found is not None:
        return "accounts", *found
    raise SetupError(f"the environment variable {name} names no setting")


def _parsed(default: Any, text: str, name: str) -> Any:
    if isinstance(default, bool):
        lowered = text.strip().lower()
        if lowered in {"1", "true", "yes", "on"}:
            return True
        if lowered in {"0", "false", "no", "off", ""}:
            return False
        raise SetupError(f"{name} must be true or false")
    try:
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
        if isinstance(default, list):
            bare = text.strip()
            if bare.startswith("[") and bare.endswith("]"):
                bare = bare[1:-1]
            return [float(part) for part in bare.split(",") if part.strip()]
    except ValueError:
        wanted = "numbers separated by commas" if isinstance(default, list) else "a number"
        raise SetupError(f"{name} must be {wanted}") from None
    return text
