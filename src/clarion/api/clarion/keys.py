# SPDX-License-Identifier: Apache-2.0
"""The keys of a workspace: listed, made (the secret is shown once) and revoked."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.schemas import Reference, array, integer, nullable, one_of, record, text
from clarion.domain.errors import NotFound
from clarion.domain.roles import Need
from clarion.store import access
from clarion.store.access import APP_SCOPES, KeyInfo

_KINDS = ("app", "track")


def _seconds(ms: int | None) -> int | None:
    return None if ms is None else ms // 1_000


def _shape(key: KeyInfo) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "kind": key.kind,
        "name": key.name,
        "scopes": key.scopes.split(),
        "site_id": key.site_id,
        "created_at": _seconds(key.created_ms),
        "last_used_at": _seconds(key.last_used_ms),
        "revoked_at": _seconds(key.revoked_ms),
    }


async def listing(call: Call) -> Response:
    """`GET /keys`."""
    found = await call.api.read(lambda tx: access.keys(tx, call.workspace))
    return answer({"keys": [_shape(key) for key in found]})


async def create(call: Call) -> Response:
    """`POST /keys {kind, name, scopes?}`."""
    fields = Fields(await call.json_object())
    fields.only(("kind", "name", "scopes"))
    kind = fields.value.get("kind", "app")
    if kind not in _KINDS:
        fields.fault(f"must be one of {', '.join(_KINDS)}", "kind")
    name = fields.text("name", "", MAX_NAME_BYTES, blank=False)
    if "name" not in fields.value:
        fields.fault("is required", "name")
    wanted = fields.items("scopes", len(APP_SCOPES)) or ()
    for no, scope in enumerate(wanted):
        if kind == "track" or scope not in APP_SCOPES:
            known = "nothing: a track key has no scopes" if kind == "track" else ", ".join(APP_SCOPES)
            fields.fault(f"must be one of {known}", f"scopes/{no}")
    fields.refuse()
    scopes = "track" if kind == "track" else " ".join(dict.fromkeys(map(str, wanted))) or "app"
    key_id, secret, site_id = await call.api.write(lambda tx: access.create_key(tx, call.workspace, kind, name, scopes))
    found = await call.api.read(lambda tx: access.keys(tx, call.workspace))
    (made,) = (key for key in found if key.key_id == key_id)
    return answer({"key": {**_shape(made), "secret": secret, "site_id": site_id}})


async def revoke(call: Call) -> Response:
    """`DELETE /keys/{key_id}`: from now on it opens nothing; in other processes within a second."""
    key_id = call.number("key_id")
    if not await call.api.write(lambda tx: access.revoke_key(tx, call.workspace, key_id)):
        raise NotFound
    call.api.known_keys.forget()
    return nothing()


_KEY: dict[str, Any] = {
    "id": integer(),
    "kind": one_of(*_KINDS),
    "name": text(),
    "scopes": array(text()),
    "site_id": nullable(text("Of a track key: the user name of its Basic credentials.")),
    "created_at": integer("Unix seconds."),
    "last_used_at": nullable(integer("Unix seconds, to the hour.")),
    "revoked_at": nullable(integer("Unix seconds; null while it opens something.")),
}
_EXAMPLE = {
    "id": 4,
    "kind": "app",
    "name": "nightly job",
    "scopes": ["app:send"],
    "site_id": None,
    "created_at": 1_796_040_000,
    "last_used_at": None,
    "revoked_at": None,
}
_PATH = "/api/clarion/v1/keys"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _PATH,
        listing,
        "manage",
        "app",
        "The keys of this workspace, without their secrets",
        reference=Reference(answer=record(keys=array(record(**_KEY))), answer_example={"keys": [_EXAMPLE]}),
        needs=Need.OWN,
    ),
    Endpoint(
        "POST",
        _PATH,
        create,
        "manage",
        "app",
        "Make a key; its secret is shown this once",
        reference=Reference(
            body=record(
                kind=one_of(*_KINDS, description="app unless given."),
                name=text("What it is for."),
                scopes=array(one_of(*APP_SCOPES), "Of an app key; app unless given, which is read, write and send."),
                optional=("kind", "scopes"),
            ),
            body_example={"kind": "app", "name": "nightly job", "scopes": ["app:send"]},
            answer=record(key=record(secret=text("Shown this once; only its hash is kept."), **_KEY)),
            answer_example={"key": {**_EXAMPLE, "secret": "0f3c…"}},
            errors=(422,),
        ),
        needs=Need.OWN,
    ),
    Endpoint(
        "DELETE",
        f"{_PATH}/{{key_id}}",
        revoke,
        "manage",
        "app",
        "Revoke a key",
        reference=Reference(status=204, errors=(404,)),
        needs=Need.OWN,
    ),
)
