# SPDX-License-Identifier: Apache-2.0
"""What vendors answer, as it was recorded in `exchanges/answers`, becomes the verdict that is written beside it.

Whatever is answered, the message ends once, and only an end for good, or one in doubt, costs it an attempt.
"""

from pathlib import Path
from typing import Any

import pytest

from clarion.channels.base import Deliverer
from clarion.channels.push import PushSettings, push
from clarion.domain.errors import Away, Permanent, Throttled
from clarion.domain.messages import Message

from .apple_server import AppleServer
from .conftest import APPLE, Keys
from .hook_server import HookServer
from .recorded import kept, messages, provider, replies
from .sources import Kept, ListSource

ANSWERS = kept("answers")
ALONE = [
    (name, case)
    for name, cases in ANSWERS.items()
    for case, told in cases.items()
    if told.get("end") and name != "apns"
]
TOGETHER = [(name, case) for name, cases in ANSWERS.items() for case, told in cases.items() if "ends" in told]
# What each provider's recordings must have, by how the names of the cases begin.
EVERYWHERE = ("accepted", "throttled", "server error")


def shown(one: Kept) -> str:
    """The end of a message as the recordings hold it."""
    if isinstance(one.error, Permanent):
        return f"Permanent {one.error.reason}"
    if isinstance(one.error, Throttled):
        return f"Throttled {one.error.retry_after:g}"
    return str(one.end) if one.error is None else type(one.error).__name__


async def check(ours: Deliverer, message: Message, told: dict[str, Any]) -> None:
    """One message meets the answer that was recorded, and the next one waits or does not."""
    source, again = ListSource([message]), ListSource([message])
    away = await turned_away(ours, source)
    if away is None and ours.name == "push":  # which says so to the next one
        away = await turned_away(ours, again)
    await ours.close()
    (one,) = source.taken
    assert shown(one) == told["end"]
    assert (round(away.retry_after) if away is not None else None) == told.get("away")
    assert (one.lost != []) == told.get("gone", False)


async def turned_away(ours: Deliverer, source: ListSource) -> Away | None:
    try:
        await ours.deliver(source)
    except Away as error:
        return error
    return None


@pytest.mark.parametrize(("name", "case"), ALONE)
async def test_an_answer_becomes_its_verdict(name: str, case: str, tmp_path: Path) -> None:
    service, told = HookServer(), ANSWERS[name][case]
    service.script.extend([replies(ANSWERS["fcm"]["signed in"])] if name == "fcm" else [])
    service.always = replies(told)
    await service.start()
    ours = provider(
        name, "android" if name == "fcm" else "sms" if name == "twilio" else "one", service.url(""), tmp_path
    )
    try:
        await check(ours, messages(name, "one")[0], told)
    finally:
        await service.stop()


@pytest.mark.parametrize(("name", "case"), TOGETHER)
async def test_an_answer_to_many_is_one_to_each(name: str, case: str, tmp_path: Path) -> None:
    service, told = HookServer(always=replies(ANSWERS[name][case])), ANSWERS[name][case]
    await service.start()
    ours, source = provider(name, "many", service.url(""), tmp_path), ListSource(messages(name, "many"))
    away = await turned_away(ours, source)
    await ours.close()
    await service.stop()
    assert len(service.came) == 1
    assert [shown(one) for one in source.taken] == told["ends"]
    assert (round(away.retry_after) if away is not None else None) == told.get("away")


@pytest.mark.parametrize("case", ANSWERS["apns"])
async def test_an_answer_of_apple_s_becomes_its_verdict(case: str, keys: Keys, tmp_path: Path) -> None:
    apple, told = AppleServer(keys.server), ANSWERS["apns"][case]
    reason = told["body"]["reason"] if told["body"] else ""
    apple.script.extend([(told["status"], reason, told.get("headers", {}))] * 2)
    await apple.start()
    settings = PushSettings(apns_key=apple.key_file(tmp_path), apns_url=apple.url, ca_file=keys.ca_file, **APPLE)
    try:
        await check(push(settings), messages("apns", "one")[0], told)
    finally:
        await apple.stop()


@pytest.mark.parametrize("name", ANSWERS)
def test_each_recording_says_where_it_is_from_and_has_what_all_have(name: str) -> None:
    cases = ANSWERS[name]
    assert all(told["source"] for told in cases.values())
    for wanted in EVERYWHERE if name != "apns" else ("accepted", "too many", "server error"):
        assert any(case.startswith(wanted) for case in cases), wanted
    ends = {told.get("end", "").partition(" ")[0] for told in cases.values()}
    assert {"sent", "Permanent", "Throttled"} <= ends
