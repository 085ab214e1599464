# SPDX-License-Identifier: Apache-2.0
"""The audit log: who changed what.

A row is written right after the call that made the change, in a transaction of its own: if the process dies between the
two, the change is there and its row is not.
"""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import people_of_the_page as told
from clarion.domain.roles import Need
from clarion.store import audit

_LIMIT = 50


def concerns(endpoint: Endpoint, call: Call) -> bool:
    """Whether a call is written down: what changes something, by the management API or by somebody who is signed in."""
    return endpoint.need is not Need.READ and (endpoint.scope == "manage" or bool(call.user_id))


async def note(endpoint: Endpoint, call: Call) -> None:
    """Write a call down that was carried out."""
    subject = ", ".join(
        f"{name.removesuffix('_id').replace('_', ' ')} {value}" for name, value in call.request.path_params.items()
    )
    await call.api.write(
        lambda tx: audit.note(tx, call.workspace.workspace_id, call.by, endpoint.summary, subject.replace("\0", ""))
    )


async def listing(call: Call) -> Response:
    """`GET /audit?start=&limit=&who=`, newest first; owners see the installation's sign-ins too."""
    start, who = call.query("start"), call.query("who")
    limit = call.query_number("limit", _LIMIT, low=1, high=500)
    wanted = 0 if call.query_flag("sign_ins") else call.workspace.workspace_id
    found = await call.api.read(lambda tx: audit.entries(tx, wanted, before=start, who=who, most=limit + 1))
    shown = found[:limit]
    return answer(
        {
            "entries": [
                {"id": one.entry_id, "at": one.at_ms // 1_000, "who": one.who, "what": one.what, "subject": one.subject}
                for one in shown
            ],
            "next": shown[-1].entry_id if len(found) > limit else "",
        }
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/clarion/v1/audit",
        listing,
        "manage",
        "app",
        "Who changed what, newest first",
        needs=Need.OWN,
        reference=told.AUDIT,
    ),
)
