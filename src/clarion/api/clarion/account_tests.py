# SPDX-License-Identifier: Apache-2.0
"""A test through one account at a provider, of any channel, and what its provider says to it."""

import json
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.accounts import ONE, check_owner, found_of, terms_of
from clarion.api.clarion.audiences import one_person, reference_of
from clarion.api.clarion.edits import MAX_LINE_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.reference import accounts as reference
from clarion.channels.registry import Sending
from clarion.domain.advice import advice, status_of
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import InvalidRequest
from clarion.domain.outlets import Terms
from clarion.domain.people import Reference
from clarion.domain.push import ALL, chosen
from clarion.domain.roles import Need
from clarion.pipeline import account_trial, trial
from clarion.pipeline.account_trial import Asked
from clarion.rendering.webhook import LONGEST_URL
from clarion.store import people
from clarion.store.engine import Transaction

_SECONDS = 45.0
_SAYS = {
    "email": ("to", "from"),
    "sms": ("to", "from"),
    "whatsapp": ("to", "from", "template"),
    "push": ("to", "person"),
    "in_app": ("person",),
    "inbox_message": ("person",),
}
_ELSE = ("to",)


def _asked(channel: str, fields: Fields) -> tuple[Asked, Reference | None]:
    """What the body says, and the person that it names."""
    known = _SAYS.get(channel, _ELSE)
    fields.only(known)
    person = None
    if "person" in known and fields.value.get("person") is not None:
        named = fields.below(fields.value["person"], "person")
        named.only(("id", "email", "cio_id"))
        fields.refuse()
        person = reference_of(named)
        if fields.value.get("to"):
            fields.fault("is either a device or, by person, all that somebody has", "to")
    most = LONGEST_URL if channel == "webhook" else MAX_LINE_BYTES
    to = fields.text("to", "", most, blank="to" not in fields.value)
    sender = fields.text("from", "", MAX_LINE_BYTES)
    if person is None and "to" not in fields.value:
        fields.fault("is missing", "to" if "to" in known else "person")
    template = ""
    if channel == "whatsapp":
        if not isinstance(fields.value.get("template"), dict):
            fields.fault(
                "must be an object with content_sid and, for what is put into the template, variables", "template"
            )
        template = json.dumps(fields.value.get("template"))
    fields.refuse()
    return Asked(to, sender, template), person


def _with_person(tx: Transaction, call: Call, channel: str, named: Reference) -> Asked:
    person = one_person(tx, call, named)
    if not CHANNELS[channel].to_devices:
        return Asked(cio_id=person.cio_id)
    devices = chosen(people.push_devices(tx, [person.person_id]).get(person.person_id, ()), ALL)
    if not devices:
        raise InvalidRequest("has no device that shows messages", "/person")
    return Asked(devices=devices)


async def test(call: Call) -> Response:
    """`POST /providers/{channel}/{account}/test`: one message through this account, and its answer."""
    found, place = found_of(call)
    asked, person = _asked(found.capabilities.channel, Fields(await call.json_object()))

    def look(tx: Transaction) -> tuple[Terms, Asked]:
        check_owner(tx, call)
        named = asked if person is None else _with_person(tx, call, found.capabilities.channel, person)
        return terms_of(tx, found, place)[0], named

    terms, asked = await call.api.read(look)
    return answer({"result": await tried(call, found, terms, asked)})


async def tried(call: Call, found: Sending, terms: Terms, asked: Asked) -> dict[str, Any]:
    """Send one through an account, within its limits; what became of it.

    Raises:
        InvalidRequest: there can be no such message.
        Conflict: its account has sent all that it may.
    """
    channel, name = found.capabilities.channel, found.account
    if call.api.provider is None:
        raise InvalidRequest("this process has no provider: it sends nothing")
    provider = call.api.provider(channel, name)
    try:
        made = account_trial.message(channel, name, asked, provider, call.workspace.workspace_id)
        await account_trial.wait_turn(call.api.write, channel, name, terms, 1)
        (said,) = await trial.hand_over(provider, [made], seconds=_SECONDS)
    finally:
        await provider.close()
    return {
        "account": name,
        "address": said.address,
        "sent": said.sent,
        "ending": said.ending.value,
        "status": status_of(said.words),
        "words": said.words,
        "reason": said.reason or None,
        "advice": advice(channel, said.ending, said.reason, said.words),
    }


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{ONE}/test",
        test,
        "manage",
        "app",
        "Send a test through an account at a provider",
        reference=reference.TEST,
        needs=Need.OWN,
    ),
)
