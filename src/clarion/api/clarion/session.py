# SPDX-License-Identifier: Apache-2.0
"""Signing in to the web page: sessions in a cookie that no script can read, and the links that let people in."""

from typing import Any

from starlette.responses import Response

from clarion import __version__
from clarion.api.auth import COOKIE, check_same_origin, session_token
from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.passwords import LEAST, MOST
from clarion.api.reference import people_of_the_page as told
from clarion.domain.errors import Conflict, Forbidden, InvalidRequest, NotFound, RateLimited, Unauthorized
from clarion.store import audit, sessions, users
from clarion.store.engine import Transaction
from clarion.store.sessions import LASTS_MS, SignedIn
from clarion.store.users import Link, User

MAX_EMAIL_BYTES = 254
DEMO_EMAIL = "demo@clarion.example"


async def _state(call: Call, token: str | None) -> dict[str, Any]:
    """Who is signed in, in which workspaces; notes that the session was used."""

    def look(tx: Transaction) -> tuple[SignedIn | None, list[dict[str, Any]]]:
        who = sessions.signed_in(tx, token) if token else None
        places = users.memberships(tx, who.user_id) if who is not None else []
        return who, [
            {"id": workspace.workspace_id, "name": workspace.name, "roles": [role.value for role in roles]}
            for workspace, roles in places
        ]

    who, workspaces = await call.api.read(look)
    if who is not None and token and who.stale:
        await call.api.write(lambda tx: sessions.note_use(tx, token))
    return {
        "user": None if who is None else {"id": who.user_id, "name": who.name, "email": who.email},
        "workspaces": workspaces,
        "demo": call.api.options.open_outbox,
        "version": __version__,
    }


async def show(call: Call) -> Response:
    """`GET /session`: nobody is a state like others, not an error. The cookie lasts its time again, as the session."""
    token = session_token(call.request)
    state = await _state(call, token)
    return answer(state) if token is None or state["user"] is None else _with_cookie(call, state, token)


async def _signed_in(call: Call, token: str) -> Response:
    return _with_cookie(call, await _state(call, token), token)


def _with_cookie(call: Call, state: dict[str, Any], token: str) -> Response:
    response = answer(state)
    response.set_cookie(
        COOKIE,
        token,
        max_age=LASTS_MS // 1_000,
        httponly=True,
        samesite="lax",
        secure=call.api.options.base_url.startswith("https:"),
    )
    return response


def _agent(call: Call) -> str:
    return call.request.headers.get("user-agent", "").replace("\0", "")


def _address(call: Call) -> str:
    return call.request.client.host if call.request.client else ""


async def sign_in(call: Call) -> Response:
    """`POST /session {email, password}`."""
    check_same_origin(call.request, call.api)
    fields = Fields(await call.json_object())
    fields.only(("email", "password"))
    email = fields.text("email", "", MAX_EMAIL_BYTES, blank=False)
    password = fields.text("password", "", 4 * MOST, blank=False)
    for name in ("email", "password"):
        if name not in fields.value:
            fields.fault("is required", name)
    fields.refuse()
    user = await call.api.read(lambda tx: users.by_email(tx, email))
    if not await _is_password(call, email, user, password) or user is None:
        raise Unauthorized("this e-mail and password do not belong together")
    if user.disabled:  # said to those only who have its password
        await call.api.write(lambda tx: audit.note(tx, 0, user.email, "A sign-in was refused: the account is disabled"))
        raise Forbidden(_DISABLED)
    return await _signed_in(call, await _begin(call, user.user_id, user.email, "Signed in", forgive=True))


async def _is_password(call: Call, email: str, user: User | None, password: str) -> bool:
    """Whether it is theirs; a try that counts, and is written down when it fails.

    Raises:
        RateLimited: too many failed lately.
    """
    address = _address(call)
    wait = await call.api.read(lambda tx: sessions.wait_seconds(tx, email, address))
    wait = wait or await call.api.write(lambda tx: sessions.take_try(tx, email, address))
    if wait:
        raise RateLimited(f"too many sign-ins failed: try again in {wait} seconds", wait)
    if await call.api.passwords.matches(None if user is None else user.password_hash, password):
        return True
    who = email if "@" in email else "(no e-mail address)"  # a password that was typed there is not written down
    await call.api.write(lambda tx: audit.note(tx, 0, who, "A sign-in failed", f"from {address}"))
    return False


async def _begin(call: Call, user_id: int, email: str, what: str, *, forgive: bool = False) -> str:
    def work(tx: Transaction) -> str:
        if forgive:
            sessions.forgive(tx, email, _address(call))
        audit.note(tx, 0, email, what, f"from {_address(call)}")
        return sessions.begin(tx, user_id, _agent(call))  # of who was disabled just now it opens nothing

    return await call.api.write(work)


async def sign_in_to_demo(call: Call) -> Response:
    """`POST /session/demo`: as the demo's owner, without a password; elsewhere there is no such thing."""
    check_same_origin(call.request, call.api)
    if not call.api.options.open_outbox:
        raise NotFound
    owner = await call.api.read(lambda tx: users.by_email(tx, DEMO_EMAIL))
    if owner is None:
        raise NotFound("this demo has no user")
    return await _signed_in(call, await _begin(call, owner.user_id, owner.email, "Signed in to the demo"))


async def sign_out(call: Call) -> Response:
    """`DELETE /session`."""
    check_same_origin(call.request, call.api)
    token = session_token(call.request)
    if token is not None:

        def work(tx: Transaction) -> None:
            if (who := sessions.signed_in(tx, token)) is not None:
                audit.note(tx, 0, who.email, "Signed out", f"from {_address(call)}")
            sessions.end(tx, token)

        await call.api.write(work)
        call.api.known_keys.forget()
    response = nothing()
    response.delete_cookie(COOKIE)
    return response


def _token_of(fields: Fields) -> str:
    token = fields.text("token", "", 200, blank=False)
    if "token" not in fields.value:
        fields.fault("is required", "token")
    return token


_DISABLED = "this account is disabled: ask an owner to enable it"
_CHANGED = "an account by this e-mail was made or changed just now: try again with its password"
_NO_LINK = "this link was used, is too old or was never made: ask an owner for another"


async def look_at_link(call: Call) -> Response:
    """`POST /session/link {token}`: what a one-time link is for; the token is not in the URL, which is logged."""
    fields = Fields(await call.json_object())
    fields.only(("token",))
    token = _token_of(fields)
    fields.refuse()

    def look(tx: Transaction) -> tuple[Link | None, bool]:
        found = users.link(tx, token)
        return found, found is not None and bool(found.email) and users.by_email(tx, found.email) is not None

    found, known = await call.api.read(look)
    if found is None:
        raise NotFound(_NO_LINK)
    return answer(
        {
            "link": {
                "kind": found.kind,
                "email": found.email,
                "workspace": found.workspace_name,
                "roles": [role.value for role in found.roles],
                "has_account": known,
            }
        }
    )


async def claim(call: Call) -> Response:
    """`POST /session/claim`: use a one-time link: set a password, and be signed in.

    The account, its roles, the use of the link and the session are one transaction. Somebody invited who has an account
    by now gives its password: who made the invitation may know the link, and must not get into their other workspaces.
    """
    check_same_origin(call.request, call.api)
    fields = Fields(await call.json_object())
    fields.only(("token", "email", "name", "password"))
    token = _token_of(fields)
    email = fields.text("email", "", MAX_EMAIL_BYTES)
    name = fields.text("name", "", MAX_NAME_BYTES)
    password = new_password(fields, "password")
    fields.refuse()
    found = await call.api.read(lambda tx: users.link(tx, token))
    if found is None:
        raise NotFound(_NO_LINK)
    email = found.email or email
    if "@" not in email:
        raise InvalidRequest("must be an e-mail address", "/email")
    before = await _invited(call, email, password) if found.kind == "invitation" else None
    password_hash = await call.api.passwords.hashed(password) if before is None else ""

    def work(tx: Transaction) -> str:
        if not users.use_link(tx, token):
            raise Conflict(_NO_LINK)
        user = users.by_email(tx, email)
        if user is None and found.kind == "reset":
            raise NotFound("this user is gone")
        if before is not None and (user is None or user.password_hash != before.password_hash):
            raise Conflict(_CHANGED)
        if user is None:
            user_id = users.create(tx, email, name.strip() or email.partition("@")[0], password_hash)
        elif before is not None:
            user_id = user.user_id
            sessions.forgive(tx, email, _address(call))
        elif found.kind == "invitation":
            raise Conflict(_CHANGED)
        else:
            user_id = user.user_id
            users.set_password(tx, user_id, password_hash)
        users.admit(tx, found, user_id)
        audit.note(tx, found.workspace_id or 0, email, f"Used a link ({found.kind})")
        return sessions.begin(tx, user_id, _agent(call))

    session = await call.api.write(work)
    call.api.known_keys.forget()
    return await _signed_in(call, session)


async def _invited(call: Call, email: str, password: str) -> User | None:
    """The account that somebody who was invited has already; None: they have none."""
    user = await call.api.read(lambda tx: users.by_email(tx, email))
    if user is None:
        return None
    if not await _is_password(call, email, user, password):
        raise InvalidRequest("is not the password of your account", "/password")
    if user.disabled:
        raise Conflict(_DISABLED)
    return user


def new_password(fields: Fields, name: str) -> str:
    """A password to be set: long enough, whatever it is made of (NIST SP 800-63B §3.1.1.2)."""
    password = fields.text(name, "", 4 * MOST)
    if len(password) < LEAST:
        fields.fault(f"must have at least {LEAST} characters", name)
    elif len(password) > MOST:
        fields.fault(f"must have at most {MOST} characters", name)
    return password


async def _myself(call: Call) -> tuple[str, SignedIn]:
    token = session_token(call.request)
    who = await call.api.read(lambda tx: sessions.signed_in(tx, token)) if token else None
    if token is None or who is None:
        raise Unauthorized("nobody is signed in")
    return token, who


async def change_myself(call: Call) -> Response:
    """`PATCH /session {name?, password?, current_password?}`: a new password ends every other session."""
    check_same_origin(call.request, call.api)
    token, who = await _myself(call)
    fields = Fields(await call.json_object())
    fields.only(("name", "password", "current_password"))
    name = fields.text("name", who.name, MAX_NAME_BYTES, blank=False)
    current = fields.text("current_password", "", 4 * MOST)
    password = new_password(fields, "password") if "password" in fields.value else None
    fields.refuse()
    password_hash = None
    if password is not None:
        user = await call.api.read(lambda tx: users.by_id(tx, who.user_id))
        if user is None or not await _is_password(call, user.email, user, current):
            raise InvalidRequest("is not your password", "/current_password")
        password_hash = await call.api.passwords.hashed(password)

    def work(tx: Transaction) -> None:
        if name != who.name:
            users.rename(tx, who.user_id, name)
            audit.note(tx, 0, who.email, "Changed their name", f"from {who.name} to {name}")
        if password_hash is not None:
            sessions.forgive(tx, who.email, _address(call))
            users.set_password(tx, who.user_id, password_hash, keep_session=users.hashed(token))
            audit.note(tx, 0, who.email, "Changed their password")

    await call.api.write(work)
    call.api.known_keys.forget()
    return answer(await _state(call, token))


async def my_sessions(call: Call) -> Response:
    """`GET /session/sessions`: where one is signed in."""
    token, who = await _myself(call)
    found = await call.api.read(lambda tx: sessions.of_user(tx, who.user_id))
    mine = users.hashed(token)
    return answer(
        {
            "sessions": [
                {
                    "id": one.session_id,
                    "agent": one.agent,
                    "created_at": one.created_ms // 1_000,
                    "last_seen_at": one.seen_ms // 1_000,
                    "current": one.session_hash == mine,
                }
                for one in found
            ]
        }
    )


async def end_session(call: Call) -> Response:
    """`DELETE /session/sessions/{session}`: sign out somewhere else."""
    check_same_origin(call.request, call.api)
    _, who = await _myself(call)
    session = call.text("session")

    def work(tx: Transaction) -> bool:
        ended = sessions.end_one(tx, who.user_id, session)
        if ended is not None:
            audit.note(tx, 0, who.email, "Ended one of their sessions", ended.agent)
        return ended is not None

    if not await call.api.write(work):
        raise NotFound
    call.api.known_keys.forget()
    return nothing()


_PATH = "/api/clarion/v1/session"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _PATH, show, "none", "app", "Who is signed in, and where", reference=told.SHOW),
    Endpoint("POST", _PATH, sign_in, "none", "app", "Sign in to the page", reference=told.SIGN_IN),
    Endpoint("PATCH", _PATH, change_myself, "none", "app", "Change one's name or password", reference=told.CHANGE),
    Endpoint("DELETE", _PATH, sign_out, "none", "app", "Sign out", reference=told.SIGN_OUT),
    Endpoint("POST", f"{_PATH}/demo", sign_in_to_demo, "none", "app", "Sign in to the demo", reference=told.DEMO),
    Endpoint("POST", f"{_PATH}/link", look_at_link, "none", "app", "What a one-time link is for", reference=told.LINK),
    Endpoint("POST", f"{_PATH}/claim", claim, "none", "app", "Use a one-time link", reference=told.CLAIM),
    Endpoint("GET", f"{_PATH}/sessions", my_sessions, "none", "app", "Where one is signed in", reference=told.SESSIONS),
    Endpoint(
        "DELETE",
        f"{_PATH}/sessions/{{session}}",
        end_session,
        "none",
        "app",
        "End one of one's sessions",
        reference=told.END_SESSION,
    ),
)
