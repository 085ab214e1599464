# SPDX-License-Identifier: Apache-2.0
"""What vendors tell of messages, signed as their own libraries sign or check it, is heard; what was changed is not.

The recordings are in `exchanges/events`. That the same told twice changes nothing in the database: `tests/tracking`.
"""

from dataclasses import fields, replace
from typing import Any

import pytest

from clarion.channels.hook import Incoming, NotGenuineError
from clarion.domain.provider_events import ProviderEvent, Reply

from .exchanges.record.shape import compact
from .recorded import CALLS, EVENTS, Told, hooks

DELIVERY_ID = "ZGdUQUFBQg"
NAMED = [pytest.param(told, id=f"{told.name}: {told.case}") for told in CALLS]
SIGNED = [pytest.param(told, id=f"{told.name}: {told.case}") for told in CALLS if told.name != "postmark"]
# Besides what they say in words, and by what they are known.
UNTOLD = {"delivery_id", "event_id", "at_ms", "words", "seal"}


async def heard(incoming: Incoming, name: str) -> list[ProviderEvent | Reply]:
    hook = hooks()[name]
    assert hook is not None
    return list(await hook(incoming))


def shown(one: ProviderEvent | Reply) -> dict[str, Any]:
    """What is not as it is for any event."""
    if isinstance(one, Reply):
        return {item.name: getattr(one, item.name) for item in fields(one)}
    said = {item.name: getattr(one, item.name) for item in fields(one) if item.name not in UNTOLD}
    return {name: value for name, value in said.items() if name == "metric" or value}


@pytest.mark.parametrize("told", NAMED)
async def test_what_is_told_is_heard(told: Told) -> None:
    events = await heard(told.incoming, told.name)
    assert [shown(one) for one in events] == told.expected
    for one in events:
        if isinstance(one, ProviderEvent):
            assert one.delivery_id == DELIVERY_ID
            assert one.at_ms == (None if told.name == "twilio" else told.file["at"] * 1_000)
    assert await heard(told.incoming, told.name) == events  # told again it is known as the same


@pytest.mark.parametrize("name", EVENTS)
async def test_no_two_events_are_taken_for_one(name: str) -> None:
    events = [one for told in CALLS if told.name == name for one in await heard(told.incoming, name)]
    # A signature with another key is of an event that was told before.
    names = [one.event_id for one in events if isinstance(one, ProviderEvent)]
    assert len(set(names)) == len(names) - (name == "twilio") * 2


def changed(told: Told) -> Incoming:
    """With one byte of what is signed another."""
    incoming = told.incoming
    signed = {"mailgun": b'"token":"', "ses": b'"Message":"', "twilio": b"AccountSid=AC"}.get(told.name, b"[{")
    place = incoming.body.index(signed) + len(signed) if signed in incoming.body else 2
    byte = b"1" if incoming.body[place : place + 1] != b"1" else b"2"
    return replace(incoming, body=incoming.body[:place] + byte + incoming.body[place + 1 :])


@pytest.mark.parametrize("told", SIGNED)
async def test_a_changed_byte_is_refused(told: Told) -> None:
    with pytest.raises(NotGenuineError):
        await heard(changed(told), told.name)


async def test_what_mailgun_does_not_sign_cannot_be_put_in_its_place() -> None:
    """Its signature is of a token alone, which therefore is good for one content."""
    one, other = (Told("mailgun", case).recorded["payload"] for case in ("delivered", "complaint"))
    incoming = Told("mailgun", "delivered").incoming
    forged = compact({"signature": one["signature"], "event-data": other["event-data"]}).encode()
    seals = [
        told.seal
        for body in (incoming.body, forged)
        for told in await heard(replace(incoming, body=body), "mailgun")
        if isinstance(told, ProviderEvent) and told.seal is not None
    ]
    assert seals[0].token == seals[1].token
    assert seals[0].content != seals[1].content


async def test_postmark_s_name_and_password_are_asked_for() -> None:
    told = Told("postmark", "hard bounce")
    with pytest.raises(NotGenuineError):
        await heard(replace(told.incoming, headers={"authorization": "Basic Y2xhcmlvbjpndWVzc2Vk"}), "postmark")


async def test_an_algorithm_that_twilio_may_have_one_day_is_refused() -> None:
    told = Told("twilio", "signed with a shared key")
    settings = "key=webhooks_sharedkey_0123456789,algorithm=HMAC_SHA512"
    headers = {**told.incoming.headers, "x-twilio-webhooks-signature-settings": settings}
    with pytest.raises(NotGenuineError, match="algorithm"):
        await heard(replace(told.incoming, headers=headers), "twilio")


@pytest.mark.parametrize("name", EVENTS)
def test_each_recording_has_what_there_is_to_tell(name: str) -> None:
    cases = EVENTS[name]["cases"]
    assert all(told["source"] for told in cases.values())
    metrics = {one.get("metric") for told in cases.values() for one in told["told"]}
    wanted = {"delivered", "bounced", "opened"}
    if name != "twilio":
        wanted |= {"deferred", "dropped", "spammed", "clicked"} | (set() if name == "resend" else {"unsubscribed"})
    assert wanted <= metrics
