# SPDX-License-Identifier: Apache-2.0
"""What an editor of templates offers while somebody types: names in use, snippets, tags and filters."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.storing import load
from clarion.api.reference import proofs as told
from clarion.domain.roles import Need
from clarion.pipeline.rehearsal import wanted_data
from clarion.rendering import words
from clarion.store import broadcasts, snippets
from clarion.store.engine import Transaction

_MOST_NAMES = 300
_VALUES = 5
_SNIPPET_CHARACTERS = 200


def names_in(data: Mapping[str, Any], most_levels: int = 4) -> set[str]:
    """The paths in the data of a call: ``headline``, ``shop.city``; of a list those of its first item are left out."""
    found: set[str] = set()
    for name, value in data.items():
        found.add(name)
        if isinstance(value, dict) and most_levels > 1:
            found |= {f"{name}.{inner}" for inner in names_in(value, most_levels - 1)}
    return found


async def completions(call: Call) -> Response:
    """`GET /completions?broadcast_id=`."""
    broadcast_id = call.query_number("broadcast_id", 0)
    workspace = call.workspace

    def work(tx: Transaction) -> dict[str, Any]:
        known = snippets.listing(tx, workspace)
        names: set[str] = set()
        if broadcast_id:
            wanted = wanted_data(load(tx, workspace, broadcast_id), {one.name: one.value for one in known})
            for data in (wanted, *(data for _, _, data in broadcasts.recent_data(tx, broadcast_id))):
                names |= names_in(data)
        used = call.api.known_attributes.of(tx, workspace).attributes
        return {
            "attributes": [
                {
                    "name": one.name,
                    "share": round(one.share, 3),
                    "values": [value for value, _ in one.values[:_VALUES]],
                }
                for one in used[:_MOST_NAMES]
            ],
            "trigger": sorted(names)[:_MOST_NAMES],
            "snippets": [{"name": one.name, "text": one.value[:_SNIPPET_CHARACTERS]} for one in known],
            "tags": [{"name": one.name, "end": one.end, "help": one.help} for one in words.tags()],
            "filters": [{"name": one.name, "help": one.help} for one in words.filters()],
        }

    return answer(await call.api.read(work))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/clarion/v1/completions",
        completions,
        "manage",
        "app",
        "What an editor of templates offers",
        reference=told.COMPLETIONS,
        needs=Need.READ,
    ),
)
