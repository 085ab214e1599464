# SPDX-License-Identifier: Apache-2.0
"""The installation: where its database is, whether it sends from there, and confirming that it moved."""

from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import installation as reference
from clarion.domain.roles import Need
from clarion.pipeline.home import HINT, is_copy
from clarion.store import identity
from clarion.store.engine import Store


def _shape(store: Store) -> dict[str, Any]:
    place = identity.here(store)
    name = store.write(identity.installation_id)
    homes = store.read(identity.homes)
    elsewhere = is_copy(store)
    return {
        "id": name,
        "sends": not elsewhere,
        "hint": HINT if elsewhere else None,
        "here": {"system": place.system, "address": place.address},
        "homes": [{"system": h.place.system, "address": h.place.address, "seen_at": seconds(h.seen_ms)} for h in homes],
    }


async def get_installation(call: Call) -> Response:
    """`GET /installation`: `sends` is false in a copy of the database that nobody has confirmed."""
    return answer({"installation": await call.api.run(lambda: _shape(call.api.store))})


async def confirm_move(call: Call) -> Response:
    """`POST /installation/confirm_move`: from now on it sends from here, and from nowhere else."""
    store = call.api.store

    def work() -> dict[str, Any]:
        place = identity.here(store)
        store.write(lambda tx: identity.move(tx, place))
        return _shape(store)

    return answer({"installation": await call.api.run(work)})


_PATH = "/api/clarion/v1/installation"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _PATH,
        get_installation,
        "manage",
        "app",
        "Where the database is, and whether it sends from there",
        reference=reference.INSTALLATION,
    ),
    Endpoint(
        "POST",
        f"{_PATH}/confirm_move",
        confirm_move,
        "manage",
        "app",
        "Let a moved or restored database send",
        reference=reference.INSTALLATION,
        needs=Need.OWN,
    ),
)
