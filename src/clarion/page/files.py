# SPDX-License-Identifier: Apache-2.0
"""The built page: read once from the data package `clarion_web`, which the build puts beside ours."""

import mimetypes
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

PACKAGE = "clarion_web"
INDEX = "index.html"
_SQUEEZED = ".gz"


@dataclass(frozen=True, slots=True)
class File:
    """One file; `squeezed`: the same by gzip, where that is worth it."""

    content: bytes
    squeezed: bytes | None
    media_type: str


def load(package: str = PACKAGE) -> dict[str, File]:
    """Every file by its path, such as ``assets/index-3f2a.js``; none when the page was not built."""
    try:
        root = resources.files(package)
    except ModuleNotFoundError:
        return {}
    raw = dict(_walk(root, ""))
    return {
        path: File(content, raw.get(path + _SQUEEZED), _type_of(path))
        for path, content in raw.items()
        if not path.endswith((_SQUEEZED, ".py"))
    }


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for one in folder.iterdir():
        if one.is_file():
            found.append((prefix + one.name, one.read_bytes()))
        elif one.is_dir() and one.name != "__pycache__":
            found += _walk(one, f"{prefix}{one.name}/")
    return found


def _type_of(path: str) -> str:
    if path.endswith(".js"):
        return "text/javascript"
    if path.endswith(".woff2"):
        return "font/woff2"
    return mimetypes.guess_type(path)[0] or "application/octet-stream"
