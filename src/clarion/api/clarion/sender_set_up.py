# SPDX-License-Identifier: Apache-2.0
"""What a sender identity needs so that its mail arrives, and a test from it."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.account_tests import tried
from clarion.api.clarion.accounts import terms_of
from clarion.api.clarion.edits import MAX_LINE_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.senders import find
from clarion.api.reference import sender_set_up as reference
from clarion.channels.registry import Sending
from clarion.domain.errors import Conflict, InvalidRequest, RenderError
from clarion.domain.outlets import Terms
from clarion.domain.people import email_key
from clarion.domain.roles import Need
from clarion.domain.sender_records import records, warnings
from clarion.pipeline.account_trial import Asked
from clarion.rendering.addresses import mailbox
from clarion.store import esp
from clarion.store.engine import Transaction


def _carriers(tx: Transaction, call: Call) -> list[tuple[Sending, Terms]]:
    """The accounts that e-mail goes by, in the order in which they are asked."""
    mine = [one for one in call.api.options.sending if one.capabilities.channel == "email"]
    found = [(one, terms_of(tx, one, place)[0]) for place, one in enumerate(mine, start=1)]
    return sorted(((one, terms) for one, terms in found if terms.enabled), key=lambda pair: pair[1].place)


async def set_up(call: Call) -> Response:
    """`GET /sender_identities/{sender_id}/set_up`."""
    sender_id = call.number("sender_id")
    sender, carriers = await call.api.read(
        lambda tx: (find(tx, call.workspace, sender_id), _carriers(tx, call)),
    )
    domain = sender.email.rpartition("@")[2].lower()
    return answer(
        {
            "domain": domain,
            "accounts": [_shape(domain, found, call.api.options.ip_addresses) for found, _ in carriers],
        }
    )


def _shape(domain: str, found: Sending, ip_addresses: tuple[str, ...]) -> dict[str, Any]:
    options = {one.name: one.value for one in found.settings if one.value}
    return {
        "account": found.account,
        "provider": found.provider,
        "captures": found.provider == "outbox",
        "records": [
            {"purpose": one.purpose, "type": one.type, "name": one.name, "value": one.value or None, "note": one.note}
            for one in records(domain, found.provider, options, ip_addresses)
        ],
        "warnings": warnings(domain, found.provider, options),
    }


async def test(call: Call) -> Response:
    """`POST /sender_identities/{sender_id}/test {to, account?}`."""
    sender_id = call.number("sender_id")
    fields = Fields(await call.json_object())
    fields.only(("to", "account"))
    to = fields.text("to", "", MAX_LINE_BYTES, blank="to" not in fields.value)
    wanted = fields.text("account", "", MAX_LINE_BYTES)
    if "to" not in fields.value:
        fields.fault("is missing", "to")
    fields.refuse()
    try:
        key = email_key(mailbox(to, "to").address)
    except RenderError as error:
        raise InvalidRequest(error.message, "/to") from None

    def look(tx: Transaction) -> tuple[Sending, Terms, Asked]:
        sender = find(tx, call.workspace, sender_id)
        if esp.among(tx, call.workspace.workspace_id, {key}):
            raise InvalidRequest("is suppressed: it gets no mail", "/to")
        carriers = _carriers(tx, call)
        if not carriers:
            raise Conflict("no account of e-mail is switched on")
        chosen = [pair for pair in carriers if wanted in ("", pair[0].account)]
        if not chosen:
            names = ", ".join(one.account for one, _ in carriers)
            raise InvalidRequest(f"must be one of {names}", "/account")
        found, terms = chosen[0]
        return found, terms, Asked(to, sender.address)

    found, terms, asked = await call.api.read(look)
    return answer({"result": await tried(call, found, terms, asked)})


_ONE = "/api/clarion/v1/sender_identities/{sender_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_ONE}/set_up",
        set_up,
        "manage",
        "app",
        "Which accounts carry a sender's mail, and the DNS records that its domain needs",
        reference=reference.SET_UP,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/test",
        test,
        "manage",
        "app",
        "Send a test from a sender identity",
        reference=reference.TEST,
        needs=Need.SEND,
    ),
)
