# SPDX-License-Identifier: Apache-2.0
"""Our own API: the installation and where it sends from (docs/operations.md)."""

from clarion.api.schemas import Loose, shown

_LOOSE = Loose(nullable=("id", "hint"))
INSTALLATION = shown(
    {
        "installation": {
            "id": "5f1c0a9be2d34711",
            "sends": True,
            "hint": None,
            "here": {"system": "clarion at 10.0.0.7", "address": ""},
            "homes": [],
        }
    },
    _LOOSE,
)
