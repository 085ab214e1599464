# SPDX-License-Identifier: Apache-2.0
"""Who may do what in a workspace: members, invitations by link, new passwords by link, new workspaces."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.audit import owned_by_caller
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.session import MAX_EMAIL_BYTES
from clarion.api.reference import people_of_the_page as told
from clarion.domain.errors import Conflict, InvalidRequest, NotFound
from clarion.domain.roles import Need, Role
from clarion.store import access, audit, users
from clarion.store.engine import Transaction
from clarion.store.users import LINK_DAYS, Member


def _roles(fields: Fields) -> tuple[Role, ...]:
    wanted = fields.items("roles", len(Role)) or ()
    known = [role.value for role in Role]
    for no, word in enumerate(wanted):
        if word not in known:
            fields.fault(f"must be one of {', '.join(known)}", f"roles/{no}")
    if not wanted:
        fields.fault("must name at least one role", "roles")
    return tuple(role for role in Role if role.value in wanted)


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.user_id,
        "email": member.email,
        "name": member.name,
        "roles": [role.value for role in member.roles],
        "joined_at": member.joined_ms // 1_000,
        "last_seen_at": None if member.seen_ms is None else member.seen_ms // 1_000,
        "disabled_at": None if member.disabled_ms is None else member.disabled_ms // 1_000,
    }


def _link(call: Call, token: str) -> str:
    # Behind the "#", so that it reaches no server's log.
    return f"{call.api.options.base_url}/join#{token}"


async def listing(call: Call) -> Response:
    """`GET /users`: members and open invitations."""
    here = call.workspace.workspace_id
    found, invited = await call.api.read(lambda tx: (users.members(tx, here), users.invitations(tx, here)))
    return answer(
        {
            "users": [_member(one) for one in found],
            "invitations": [
                {
                    "id": one.link_id,
                    "email": one.email,
                    "roles": [role.value for role in one.roles],
                    "invited_by": one.made_by,
                    "created_at": one.created_ms // 1_000,
                    "expires_at": one.expires_ms // 1_000,
                }
                for one in invited
            ],
        }
    )


async def invite(call: Call) -> Response:
    """`POST /invitations {email, roles}`: a link, shown once; who has an account here joins at once instead."""
    fields = Fields(await call.json_object())
    fields.only(("email", "roles"))
    email = fields.text("email", "", MAX_EMAIL_BYTES, blank=False).strip()
    if "@" not in email:
        fields.fault("must be an e-mail address", "email")
    roles = _roles(fields)
    fields.refuse()
    here = call.workspace.workspace_id

    def work(tx: Transaction) -> str | None:
        users.lock(tx, here)
        user = users.by_email(tx, email)
        if user is None:
            return users.create_link(tx, "invitation", made_by=call.by, email=email, roles=roles, workspace_id=here)
        if any(one.user_id == user.user_id for one in users.members(tx, here)):
            raise InvalidRequest("is in this workspace already", "/email")
        users.put_member(tx, here, user.user_id, roles)
        return None

    token = await call.api.write(work)
    return answer(
        {
            "joined": token is None,
            "link": None if token is None else _link(call, token),
            "expires_in_days": None if token is None else LINK_DAYS["invitation"],
        },
        201,
    )


async def withdraw(call: Call) -> Response:
    """`DELETE /invitations/{invitation}`."""
    named = call.text("invitation")
    if not await call.api.write(lambda tx: users.withdraw_invitation(tx, call.workspace.workspace_id, named)):
        raise NotFound
    return nothing()


def _one(tx: Transaction, workspace_id: int, user_id: int) -> tuple[Member, int]:
    """A member, and how many other owners can sign in; under the lock that every change of members takes."""
    users.lock(tx, workspace_id)
    found = users.members(tx, workspace_id)
    for one in found:
        if one.user_id == user_id:
            others = (other for other in found if other is not one and other.disabled_ms is None)
            return one, sum(Role.OWNER in other.roles for other in others)
    raise NotFound


_LAST_OWNER = "a workspace keeps at least one owner: make somebody else one first"


async def change(call: Call) -> Response:
    """`PATCH /users/{user_id} {roles}`."""
    user_id = call.number("user_id")
    fields = Fields(await call.json_object())
    fields.only(("roles",))
    roles = _roles(fields)
    fields.refuse()
    here = call.workspace.workspace_id

    def work(tx: Transaction) -> Member:
        before, others = _one(tx, here, user_id)
        if Role.OWNER in before.roles and Role.OWNER not in roles and not others:
            raise Conflict(_LAST_OWNER)
        users.put_member(tx, here, user_id, roles)
        return _one(tx, here, user_id)[0]

    changed = await call.api.write(work)
    call.api.known_keys.forget()
    return answer({"user": _member(changed)})


async def remove(call: Call) -> Response:
    """`DELETE /users/{user_id}`: out of this workspace; their account and other workspaces stay."""
    user_id = call.number("user_id")
    here = call.workspace.workspace_id

    def work(tx: Transaction) -> None:
        before, others = _one(tx, here, user_id)
        if Role.OWNER in before.roles and not others:
            raise Conflict(_LAST_OWNER)
        users.remove_member(tx, here, user_id)

    await call.api.write(work)
    call.api.known_keys.forget()
    return nothing()


def _wholly_ours(tx: Transaction, call: Call, user_id: int) -> Member:
    """A member whose every workspace is the caller's too, as an owner; the members of all of them are locked.

    Raises:
        NotFound: there is none here. Conflict: they are elsewhere too.
    """
    here = call.workspace.workspace_id
    theirs = {workspace.workspace_id for workspace, _ in users.memberships(tx, user_id)}
    for workspace_id in sorted(theirs | {here}):  # in one order, so that two do not wait for each other
        users.lock(tx, workspace_id)
    member, _ = _one(tx, here, user_id)
    if not theirs <= owned_by_caller(tx, call):
        raise Conflict("this user is in other workspaces too: an owner of all of them can do it, or the operator")
    return member


async def disable(call: Call) -> Response:
    """`POST /users/{user_id}/disable`: the account opens nothing any more, anywhere; every session of theirs ends.

    One transaction: whoever dies in the middle left the account as it was. An account is the installation's, so only
    who owns every workspace that they are in may do this.
    """
    user_id = call.number("user_id")
    if user_id == call.user_id:
        raise Conflict("you cannot disable your own account")
    here = call.workspace.workspace_id

    def work(tx: Transaction) -> Member:
        member = _wholly_ours(tx, call, user_id)
        for workspace, roles in users.memberships(tx, user_id):
            if Role.OWNER in roles and not _one(tx, workspace.workspace_id, user_id)[1]:
                raise Conflict(_LAST_OWNER)
        if users.disable(tx, user_id):
            audit.note(tx, 0, member.email, "Account disabled", f"by {call.by}")
        return _one(tx, here, user_id)[0]

    changed = await call.api.write(work)
    call.api.known_keys.forget()
    return answer({"user": _member(changed)})


async def enable(call: Call) -> Response:
    """`POST /users/{user_id}/enable`: they sign in again, with the password that they have."""
    user_id, here = call.number("user_id"), call.workspace.workspace_id

    def work(tx: Transaction) -> Member:
        member = _wholly_ours(tx, call, user_id)
        if member.disabled_ms is not None and users.enable(tx, user_id):
            audit.note(tx, 0, member.email, "Account enabled", f"by {call.by}")
        return _one(tx, here, user_id)[0]

    return answer({"user": _member(await call.api.write(work))})


async def reset(call: Call) -> Response:
    """`POST /users/{user_id}/reset`: a link for a new password, shown once.

    Only who owns every workspace that somebody is in may do so: whoever sets a password can be that person.
    """
    user_id = call.number("user_id")

    def work(tx: Transaction) -> str:
        member = _wholly_ours(tx, call, user_id)
        if member.disabled_ms is not None:
            raise Conflict("this account is disabled: enable it first")
        return users.create_link(tx, "reset", made_by=call.by, email=member.email)

    token = await call.api.write(work)
    return answer({"link": _link(call, token), "expires_in_days": LINK_DAYS["reset"]}, 201)


async def create_workspace(call: Call) -> Response:
    """`POST /workspaces {name, identifiers?}`: its owner is who asked; its keys are shown this once."""
    fields = Fields(await call.json_object())
    fields.only(("name", "identifiers"))
    name = fields.text("name", "", MAX_NAME_BYTES, blank=False)
    if "name" not in fields.value:
        fields.fault("is required", "name")
    identifiers = fields.value.get("identifiers", "id_email")
    if identifiers not in ("id_email", "id"):
        fields.fault("must be id_email or id", "identifiers")
    fields.refuse()
    if not call.user_id:
        raise Conflict("a key belongs to one workspace: sign in to make another, or use `clarion create-workspace`")
    keys = access.random_keys()

    def work(tx: Transaction) -> int:
        made = access.create_workspace(tx, name, str(identifiers), keys)
        users.put_member(tx, made.workspace_id, call.user_id, (Role.OWNER,))
        return made.workspace_id

    workspace_id = await call.api.write(work)
    return answer(
        {
            "workspace": {
                "id": workspace_id,
                "name": name,
                "identifiers": identifiers,
                "app_key": keys.app_key,
                "manage_key": keys.manage_key,
                "site_id": keys.site_id,
                "track_key": keys.track_key,
            }
        },
        201,
    )


_ROOT = "/api/clarion/v1"


def _owners(method: str, path: str, handler: Any, summary: str, reference: Any) -> Endpoint:
    return Endpoint(method, _ROOT + path, handler, "manage", "app", summary, reference=reference, needs=Need.OWN)


ENDPOINTS: tuple[Endpoint, ...] = (
    _owners("GET", "/users", listing, "Who may do what here", told.USERS),
    _owners("PATCH", "/users/{user_id}", change, "Change somebody's roles", told.CHANGE_USER),
    _owners("DELETE", "/users/{user_id}", remove, "Take somebody out of the workspace", told.REMOVE_USER),
    _owners("POST", "/users/{user_id}/reset", reset, "Make a link for a new password", told.RESET),
    _owners("POST", "/users/{user_id}/disable", disable, "Disable an account", told.DISABLE),
    _owners("POST", "/users/{user_id}/enable", enable, "Enable an account", told.ENABLE),
    _owners("POST", "/invitations", invite, "Invite somebody by a link", told.INVITE),
    _owners("DELETE", "/invitations/{invitation}", withdraw, "Withdraw an invitation", told.WITHDRAW),
    _owners("POST", "/workspaces", create_workspace, "Make a workspace", told.CREATE_WORKSPACE),
)
