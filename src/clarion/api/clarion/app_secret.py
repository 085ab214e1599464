# SPDX-License-Identifier: Apache-2.0
"""The secret by which tokens for apps are made: when it was renewed, and renewing it, which takes tokens back."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.fields import Fields
from clarion.api.schemas import Reference, integer, nullable, record
from clarion.domain.roles import Need
from clarion.store import app_secrets
from clarion.store.app_secrets import AppSecret

_PATH = "/api/clarion/v1/in_app/secret"
_GRACE_S = 3_600
_MOST_S = 30 * 86_400  # as long as a token may be good


def _shape(secret: AppSecret) -> dict[str, Any]:
    def seconds(ms: int | None) -> int | None:
        return None if ms is None else ms // 1_000

    return {"renewed_at": seconds(secret.renewed_ms), "before_until": seconds(secret.before_until_ms)}


async def show(call: Call) -> Response:
    """`GET /in_app/secret`."""
    found = await call.api.read(lambda tx: app_secrets.get(tx, call.workspace.workspace_id))
    return answer({"secret": _shape(found)})


async def renew(call: Call) -> Response:
    """`POST /in_app/secret/renew {grace_seconds?}`."""
    fields = Fields(await call.json_object())
    fields.only(("grace_seconds",))
    grace = fields.value.get("grace_seconds", _GRACE_S)
    if isinstance(grace, bool) or not isinstance(grace, int) or not 0 <= grace <= _MOST_S:
        fields.fault(f"must be seconds, from 0 to {_MOST_S}", "grace_seconds")
    fields.refuse()
    made = await call.api.write(lambda tx: app_secrets.renew(tx, call.workspace.workspace_id, grace * 1_000))
    return answer({"secret": _shape(made)})


_SECRET = record(
    renewed_at=nullable(integer("Unix seconds; null: never.")),
    before_until=nullable(integer("Until when tokens of before the last renewal are good, Unix seconds.")),
)
_EXAMPLE = {"secret": {"renewed_at": 1_796_040_000, "before_until": 1_796_043_600}}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _PATH,
        show,
        "manage",
        "app",
        "When the secret of tokens for apps was renewed",
        reference=Reference(answer=record(secret=_SECRET), answer_example=_EXAMPLE),
        needs=Need.OWN,
    ),
    Endpoint(
        "POST",
        f"{_PATH}/renew",
        renew,
        "manage",
        "app",
        "Renew it: tokens of before end",
        reference=Reference(
            body=record(
                grace_seconds=integer("For which they stay good; an hour unless given.", minimum=0, maximum=_MOST_S),
                optional=("grace_seconds",),
            ),
            body_example={"grace_seconds": 3_600},
            answer=record(secret=_SECRET),
            answer_example=_EXAMPLE,
            errors=(422,),
            note="Those of before the renewal before are good no more. Ask for new ones: apps get 401 when theirs end.",
        ),
        needs=Need.OWN,
    ),
)
