# SPDX-License-Identifier: Apache-2.0
"""Erasure of people: one call that takes out everything that tells who they are. Identifiers stand in bodies only."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.fields import Fields
from clarion.api.identifiers import identifier
from clarion.api.reference import erasures as reference
from clarion.domain.errors import InvalidRequest
from clarion.domain.people import IdKind, Reference, cio_id
from clarion.pipeline.erasure import erase
from clarion.store import erasure
from clarion.store.engine import Transaction


async def erase_person(call: Call) -> Response:
    """`POST /people/erase` with one of `id`, `email` and `cio_id`, and `suppress`."""
    fields = Fields(await call.json_object())
    kinds = [kind for kind in IdKind if kind.value in fields.value]
    fields.only((*(kind.value for kind in IdKind), "suppress"))
    suppress = fields.value.get("suppress", False)
    if not isinstance(suppress, bool):
        fields.fault("must be true or false", "suppress")
    fields.refuse()
    if len(kinds) != 1:
        raise InvalidRequest("exactly one of id, email and cio_id is required")
    reference = Reference(kinds[0], identifier(fields.value[kinds[0].value], f"/{kinds[0].value}"))
    done = await call.api.run(
        lambda: erase(
            call.api.store, call.workspace, reference, suppress=suppress, blank_mail=call.api.options.blank_mail
        )
    )
    return answer({"cio_id": done.cio_id, "removed": done.removed, "finished": done.finished})


async def list_erasures(call: Call) -> Response:
    """`GET /people/erasures`: by cio_id, since nothing else is known of them any more."""

    def read(tx: Transaction) -> list[dict[str, Any]]:
        return [
            {
                "cio_id": cio_id(one.person_id),
                "asked_at": one.asked_ms // 1_000,
                "finished_at": one.done_ms // 1_000 if one.done_ms is not None else None,
            }
            for one in erasure.asked(tx, call.workspace.workspace_id)
        ]

    return answer({"erasures": await call.api.read(read)})


_PATH = "/api/clarion/v1/people"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_PATH}/erase",
        erase_person,
        "manage",
        "app",
        "Erase a person everywhere; counts stay",
        reference=reference.ERASE,
    ),
    Endpoint(
        "GET",
        f"{_PATH}/erasures",
        list_erasures,
        "manage",
        "app",
        "Who was erased, and whether nothing is left",
        reference=reference.ERASURES,
    ),
)
