# SPDX-License-Identifier: Apache-2.0
"""The audit log: who changed what.

A row is written right after the call that made the change, in a transaction of its own: if the process dies between the
two, the change is there and its row is not.
"""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import people_of_the_page as told
from clarion.domain.roles import Need, Role
from clarion.store import access, audit, users
from clarion.store.audit import Entry
from clarion.store.engine import Transaction

_LIMIT = 50


def concerns(endpoint: Endpoint, call: Call) -> bool:
    """Whether a call is written down: what changes something, by the management API or by somebody who is signed in."""
    if endpoint.method == "GET" or endpoint.need is Need.READ:
        return False
    return endpoint.scope == "manage" or bool(call.user_id)


async def note(endpoint: Endpoint, call: Call) -> None:
    """Write a call down that was carried out."""
    subject = ", ".join(
        f"{name.removesuffix('_id').replace('_', ' ')} {value}" for name, value in call.request.path_params.items()
    )
    await call.api.write(
        lambda tx: audit.note(tx, call.workspace.workspace_id, call.by, endpoint.summary, subject.replace("\0", ""))
    )


def owned_by_caller(tx: Transaction, call: Call) -> set[int]:
    """The workspaces of which the caller is an owner; a key opens one."""
    if not call.user_id:
        return {call.workspace.workspace_id}
    return {place.workspace_id for place, roles in users.memberships(tx, call.user_id) if Role.OWNER in roles}


async def listing(call: Call) -> Response:
    """`GET /audit?start=&limit=&who=`, newest first; sign-ins too, of those with whom one shares a workspace."""
    start, who = call.query("start"), call.query("who")
    limit = call.query_number("limit", _LIMIT, low=1, high=500)
    here, accounts = call.workspace.workspace_id, call.query_flag("sign_ins")

    def read(tx: Transaction) -> list[Entry]:
        if not accounts:
            return audit.entries(tx, here, before=start, who=who, most=limit + 1)
        everybody = {one.workspace_id for one in access.workspaces(tx)} <= owned_by_caller(tx, call)
        return audit.of_accounts(tx, here, call.user_id, everybody=everybody, before=start, who=who, most=limit + 1)

    found = await call.api.read(read)
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
