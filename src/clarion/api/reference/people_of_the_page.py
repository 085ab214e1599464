# SPDX-License-Identifier: Apache-2.0
"""Our own API: signing in, users, the audit log (docs/users.md)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, flag, integer, nullable, one_of, record, shown, text
from clarion.domain.roles import Role

_SESSION: dict[str, Any] = {
    "user": {"id": 1, "name": "Ada", "email": "ada@example.com"},
    "workspaces": [{"id": 1, "name": "default", "roles": ["owner"]}],
    "demo": False,
    "version": "0.1.0",
}
_STATE = record(
    user={"type": ["object", "null"]},
    workspaces=array(record(id=integer(), name=text(), roles=array(one_of(*(role.value for role in Role))))),
    demo=flag("Mail is captured and anybody may sign in."),
    version=text(),
)
_COOKIE = "Sets the cookie `clarion_session`. Calls that change something come from our own page (Origin)."

SHOW = Reference(answer=_STATE, answer_example=_SESSION, note="`user` is null when nobody is signed in.")
SIGN_IN = Reference(
    body=record(email=text(), password=text()),
    body_example={"email": "ada@example.com", "password": "correct horse battery"},
    answer=_STATE,
    answer_example=_SESSION,
    errors=(422,),
    note=_COOKIE + " After 10 failures for an e-mail, or 50 from an address, in 15 minutes: 429.",
)
CHANGE = Reference(
    body=record(
        name=text(), password=text(), current_password=text(), optional=("name", "password", "current_password")
    ),
    body_example={"name": "Ada Lovelace"},
    answer=_STATE,
    answer_example=_SESSION,
    errors=(422,),
    note="A new password asks for the current one and ends every other session.",
)
SIGN_OUT = Reference(status=204)
DEMO = Reference(answer=_STATE, answer_example=_SESSION, errors=(404,), note="Only while `clarion serve --demo` runs.")
LINK = Reference(
    body=record(token=text("What stands behind # in the link.")),
    body_example={"token": "q3c…"},
    answer=record(
        link=record(
            kind=one_of("owner", "invitation", "reset"),
            email=text("Empty where one names one's own."),
            workspace=nullable(text()),
            roles=array(text()),
            has_account=flag(),
        )
    ),
    answer_example={
        "link": {
            "kind": "invitation",
            "email": "bo@example.com",
            "workspace": "default",
            "roles": ["editor"],
            "has_account": False,
        }
    },
    errors=(404, 422),
)
CLAIM = Reference(
    body=record(token=text(), email=text(), name=text(), password=text(), optional=("email", "name")),
    body_example={"token": "q3c…", "name": "Bo", "password": "correct horse battery"},
    answer=_STATE,
    answer_example=_SESSION,
    errors=(404, 409, 422),
    note="Somebody invited who has an account already gives its password, which stays. " + _COOKIE,
)
SESSIONS = shown(
    {
        "sessions": [
            {
                "id": "8c1f0a…",
                "agent": "Mozilla/5.0 …",
                "created_at": 1796040000,
                "last_seen_at": 1796040000,
                "current": True,
            }
        ]
    }
)
END_SESSION = Reference(status=204, errors=(404,))

_USER: dict[str, Any] = {
    "id": 2,
    "email": "bo@example.com",
    "name": "Bo",
    "roles": ["editor", "sender"],
    "joined_at": 1796040000,
    "last_seen_at": 1796040000,
    "disabled_at": None,
}
_LOOSE = Loose(nullable=("last_seen_at", "disabled_at", "link", "expires_in_days"))
_ROLES = array(
    one_of(*(role.value for role in Role)), "owner may all; editor and sender may each only that; all may look."
)
USERS = shown(
    {
        "users": [_USER],
        "invitations": [
            {
                "id": "5d2e…",
                "email": "cy@example.com",
                "roles": ["reader"],
                "invited_by": "ada@example.com",
                "created_at": 1796040000,
                "expires_at": 1796644800,
            }
        ],
    },
    _LOOSE,
)
CHANGE_USER = shown(
    {"user": _USER}, _LOOSE, body=record(roles=_ROLES), body_example={"roles": ["editor"]}, errors=(404, 409, 422)
)
REMOVE_USER = Reference(status=204, errors=(404, 409))
DISABLE = shown(
    {"user": {**_USER, "disabled_at": 1796040000}},
    _LOOSE,
    errors=(404, 409),
    note="Every session of theirs ends, and their password opens nothing, in any workspace. For owners of all"
    " workspaces that they are in; not for oneself, nor for the last owner of a workspace who can sign in.",
)
ENABLE = shown({"user": _USER}, _LOOSE, errors=(404, 409), note="They sign in again with the password that they have.")
RESET = shown(
    {"link": "https://clarion.example/join#q3c…", "expires_in_days": 1}, _LOOSE, status=201, errors=(404, 409)
)
INVITE = shown(
    {"joined": False, "link": "https://clarion.example/join#q3c…", "expires_in_days": 7},
    _LOOSE,
    body=record(email=text(), roles=_ROLES),
    body_example={"email": "cy@example.com", "roles": ["reader"]},
    status=201,
    errors=(422,),
    note="The link is shown this once. Who has an account already joins at once, without a link.",
)
WITHDRAW = Reference(status=204, errors=(404,))
CREATE_WORKSPACE = shown(
    {
        "workspace": {
            "id": 2,
            "name": "Shop",
            "identifiers": "id_email",
            "app_key": "0f3c…",
            "manage_key": "77aa…",
            "site_id": "91b2…",
            "track_key": "c0de…",
        }
    },
    body=record(name=text(), identifiers=one_of("id_email", "id"), optional=("identifiers",)),
    body_example={"name": "Shop"},
    status=201,
    errors=(409, 422),
)
AUDIT = shown(
    {
        "entries": [
            {
                "id": "01KB0T1Y7QF3V6Z8N4M2C5X9AD",
                "at": 1796040000,
                "who": "ada@example.com",
                "what": "Accept triggers from now on",
                "subject": "broadcast 7",
            }
        ],
        "next": "",
    },
    query={
        "start": text("`next` of the answer before."),
        "limit": integer("At most 500; 50 unless given."),
        "who": text("Of this user or key only."),
        "sign_ins": flag(
            "Sign-ins and accounts instead, failed tries too: of people with whom one shares a workspace; of everybody"
            " for who owns every workspace."
        ),
    },
)
