# SPDX-License-Identifier: Apache-2.0
"""Our own API: people who are erased (docs/privacy.md)."""

from clarion.api.schemas import Loose, flag, record, shown, text

_LOOSE = Loose(nullable=("finished_at",), free=("removed",))

ERASE = shown(
    {
        "cio_id": "010000000002",
        "removed": {
            "people": 1,
            "memberships": 0,
            "devices": 0,
            "events": 0,
            "relationships": 0,
            "suppressions": 0,
            "accounts": 1,
            "own_data": 0,
            "errors": 0,
            "audiences": 1,
            "queued": 0,
            "captured_mails": 0,
        },
        "finished": True,
    },
    _LOOSE,
    body=record(
        id=text(),
        email=text(),
        cio_id=text(),
        suppress=flag("Block their identifiers, kept as hashes."),
        optional=("id", "email", "cio_id", "suppress"),
    ),
    body_example={"id": "42"},
    errors=(404, 409),
    note="Exactly one of id, email and cio_id. Counts stay.",
)
ERASURES = shown({"erasures": [{"cio_id": "010000000002", "asked_at": 1796040000, "finished_at": 1796040000}]}, _LOOSE)
