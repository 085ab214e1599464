# SPDX-License-Identifier: Apache-2.0
"""People who use the web page, what they may do in which workspace, and the one-time links that let them in.

A link's token is shown once and stored as its hash. Using one and what it brings about are one transaction, so a
crash leaves both or neither, and of two who use it at once one finds it used.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

from clarion.domain.roles import Role, parsed, stored
from clarion.store import access, numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction

LinkKind = Literal["owner", "invitation", "reset"]
_DAY_MS = 86_400_000
LINK_DAYS: dict[LinkKind, int] = {"owner": 1, "invitation": 7, "reset": 1}
_LINKS_KEPT_MS = 30 * _DAY_MS


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a password; `disabled`: it opens nothing."""

    user_id: int
    email: str
    name: str
    password_hash: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace; times in Unix milliseconds."""

    user_id: int
    email: str
    name: str
    roles: tuple[Role, ...]
    joined_ms: int
    seen_ms: int | None
    disabled_ms: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """What a one-time link is for; `workspace_name`: of an invitation."""

    kind: LinkKind
    email: str
    roles: tuple[Role, ...]
    workspace_id: int | None
    workspace_name: str | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that nobody has used yet; `link_id` names it and does not open it."""

    link_id: str
    email: str
    roles: tuple[Role, ...]
    made_by: str
    created_ms: int
    expires_ms: int


def hashed(secret: str) -> str:
    """What is stored of a random token of 256 bits: there is nothing to guess, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def email_key(email: str) -> str:
    """By which an address is found, however it is written."""
    return email.strip().lower()


def by_email(tx: Transaction, email: str) -> User | None:
    """The user of an address."""
    row = tx.one("user_by_email", email_key=email_key(email))
    return _user(row) if row else None


def by_id(tx: Transaction, user_id: int) -> User | None:
    """One user."""
    row = tx.one("user_by_id", user_id=user_id)
    return _user(row) if row else None


def _user(row: Row) -> User:
    disabled = row["disabled_ms"] is not None
    return User(int(row["user_id"]), str(row["email"]), str(row["name"]), str(row["password_hash"]), disabled)


def any_here(tx: Transaction) -> bool:
    """Whether anybody can sign in at all."""
    return tx.one("any_user") is not None


def create(tx: Transaction, email: str, name: str, password_hash: str) -> int:
    """A new user; the number."""
    user_id = numbers.take(tx, "user")
    tx.execute(
        "insert_user",
        user_id=user_id,
        email=email.strip(),
        email_key=email_key(email),
        name=name,
        password_hash=password_hash,
    )
    return user_id


def rename(tx: Transaction, user_id: int, name: str) -> None:
    """Store a name."""
    tx.execute("rename_user", user_id=user_id, name=name)


def set_password(tx: Transaction, user_id: int, password_hash: str, *, keep_session: str = "") -> None:
    """Store a password's hash; every session of theirs ends, but for the one whose hash is `keep_session`.

    Links for a new password end too.
    """
    tx.execute("set_password", user_id=user_id, password_hash=password_hash)
    tx.execute("withdraw_resets", user_id=user_id)
    tx.execute("end_sessions_but", user_id=user_id, session_hash=keep_session)


def disable(tx: Transaction, user_id: int) -> bool:
    """Their password opens nothing any more, and every session and link for a new one ends; False: it was so before."""
    _end_all(tx, user_id)
    return tx.execute("disable_user", user_id=user_id) > 0


def enable(tx: Transaction, user_id: int) -> bool:
    """They may sign in again, by their password; False: they could before."""
    _end_all(tx, user_id)  # also what a program that knows of no disabled accounts let in meanwhile
    return tx.execute("enable_user", user_id=user_id) > 0


def _end_all(tx: Transaction, user_id: int) -> None:
    tx.execute("withdraw_resets", user_id=user_id)
    tx.execute("end_sessions_but", user_id=user_id, session_hash="")


# -- members --------------------------------------------------------------------------------------------------


def put_member(tx: Transaction, workspace_id: int, user_id: int, roles: tuple[Role, ...]) -> None:
    """From now on they may this, and nothing else, in this workspace.

    Links for a new password end: who made one owned all that they were in then, not what they are in now.
    """
    tx.execute("withdraw_resets", user_id=user_id)
    tx.execute("put_member", workspace_id=workspace_id, user_id=user_id, roles=stored(roles))


def remove_member(tx: Transaction, workspace_id: int, user_id: int) -> bool:
    """Take somebody out of a workspace; False when they are not in it."""
    return tx.execute("remove_member", workspace_id=workspace_id, user_id=user_id) > 0


def members(tx: Transaction, workspace_id: int) -> list[Member]:
    """Who is in a workspace, in the order in which they came to this installation."""
    return [
        Member(
            int(row["user_id"]),
            str(row["email"]),
            str(row["name"]),
            parsed(str(row["roles"])),
            int(row["joined_ms"]),
            row["seen_ms"],
            row["disabled_ms"],
        )
        for row in tx.all("members_of", workspace_id=workspace_id)
    ]


def memberships(tx: Transaction, user_id: int) -> list[tuple[Workspace, tuple[Role, ...]]]:
    """The workspaces that somebody is in."""
    return [
        (Workspace(int(row["workspace_id"]), str(row["name"]), str(row["identifiers"])), parsed(str(row["roles"])))
        for row in tx.all("user_memberships", user_id=user_id)
    ]


def lock(tx: Transaction, workspace_id: int) -> None:
    """Who changes the members of a workspace waits here for whoever does so now."""
    tx.execute("lock_members", workspace_id=workspace_id)


# -- links ----------------------------------------------------------------------------------------------------


def create_link(
    tx: Transaction,
    kind: LinkKind,
    *,
    made_by: str,
    email: str = "",
    roles: tuple[Role, ...] = (),
    workspace_id: int | None = None,
) -> str:
    """A new link's token. A new owner link ends the ones before it."""
    token = secrets.token_urlsafe(32)
    if kind == "owner":
        tx.execute("withdraw_owner_links")
    tx.execute(
        "insert_user_link",
        link_hash=hashed(token),
        kind=kind,
        workspace_id=workspace_id,
        roles=stored(roles),
        email=email.strip(),
        made_by=made_by,
        lasts_ms=LINK_DAYS[kind] * _DAY_MS,
    )
    return token


def link(tx: Transaction, token: str) -> Link | None:
    """What a token is for; None when it is unknown, used or too old."""
    row = tx.one("open_link", link_hash=hashed(token))
    if row is None:
        return None
    workspace_name = row["workspace_name"]
    return Link(
        row["kind"],
        str(row["email"]),
        parsed(str(row["roles"])),
        row["workspace_id"],
        None if workspace_name is None else str(workspace_name),
    )


def use_link(tx: Transaction, token: str) -> bool:
    """Use it up; False when somebody was quicker."""
    return tx.execute("use_link", link_hash=hashed(token)) > 0


def admit(tx: Transaction, opened: Link, user_id: int) -> None:
    """Give a user what the link brings: an owner's everything, or a place in one workspace.

    An owner's link comes from the operator, whose word counts more than that of whoever disabled the account.
    """
    if opened.kind == "owner":
        enable(tx, user_id)
        for workspace in access.workspaces(tx):
            put_member(tx, workspace.workspace_id, user_id, (Role.OWNER,))
    elif opened.kind == "invitation" and opened.workspace_id is not None:
        put_member(tx, opened.workspace_id, user_id, opened.roles)


def invitations(tx: Transaction, workspace_id: int) -> list[Invitation]:
    """Those that nobody has used yet, newest first."""
    return [
        Invitation(
            str(row["link_hash"])[:16],
            str(row["email"]),
            parsed(str(row["roles"])),
            str(row["made_by"]),
            int(row["created_ms"]),
            int(row["expires_ms"]),
        )
        for row in tx.all("open_invitations", workspace_id=workspace_id)
    ]


def withdraw_invitation(tx: Transaction, workspace_id: int, link_id: str) -> bool:
    """It opens nothing any more; False when there is none by this name."""
    for row in tx.all("open_invitations", workspace_id=workspace_id):
        if str(row["link_hash"])[:16] == link_id:
            return tx.execute("withdraw_invitation", workspace_id=workspace_id, link_hash=row["link_hash"]) > 0
    return False


def clear_links(tx: Transaction) -> None:
    """Links that are too old for long."""
    tx.execute("clear_links", kept_ms=_LINKS_KEPT_MS)
