# SPDX-License-Identifier: Apache-2.0
"""What our providers ask for is what the vendors' own libraries ask for, given the same message.

The recordings are in `exchanges/requests`; every difference has its name and reason in `exchanges/differences.json`.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from clarion.channels.push import PushSettings, push
from clarion.channels.sigv4 import Credentials, signed

from .apple_server import AppleServer
from .conftest import APPLE, Keys
from .exchanges.record.shape import leaves, shaped
from .hook_server import Came, HookServer
from .recorded import EXCHANGES, LOGIN, kept, messages, provider, replies
from .sources import ListSource

REQUESTS, ANSWERS = kept("requests"), kept("answers")
DIFFERENCES: dict[str, dict[str, str]] = json.loads((EXCHANGES / "differences.json").read_text("utf-8"))
CASES = [(name, case) for name, cases in REQUESTS.items() for case in cases]
OVER_HTTP = [one for one in CASES if one[0] != "apns"]


@pytest.fixture
async def service() -> AsyncIterator[HookServer]:
    served = HookServer()
    await served.start()
    yield served
    await served.stop()


def request_of(came: Came) -> dict[str, Any]:
    """As a recording holds it; what is random in the tags of SendGrid's templates is not."""
    body = re.sub(rb"-[0-9a-f]{16}(\d{3})-", rb"-0000000000000000\1-", came.body)
    return shaped(came.request.method, came.request.path_qs, came.request.headers.items(), body)


def check(name: str, case: str, pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Between ours and theirs there is each difference that has a name, and no other."""
    named = {*DIFFERENCES.get(name, ()), *DIFFERENCES.get(f"{name} {case}", ())}
    found: dict[str, Any] = {}
    for ours, theirs in pairs:
        one, other = leaves(ours), leaves(theirs)
        apart = {key for key in {*one, *other} if key not in one or key not in other or one[key] != other[key]}
        found |= {key: (one.get(key), other.get(key)) for key in apart - set(DIFFERENCES["all"])}
    assert {key: what for key, what in found.items() if key not in named} == {}
    assert named == set(found), "no difference any more"


async def sent(name: str, case: str, service: HookServer, folder: Path) -> list[dict[str, Any]]:
    """The calls that the messages of a case make, each answered as the vendor answers."""
    answers = [ANSWERS["fcm"]["signed in"]] if name == "fcm" else []
    answers.append(ANSWERS[name]["many accepted" if case == "many" else "accepted"])
    service.script.extend(replies(one) for one in answers)
    ours = provider(name, case, service.url(""), folder)
    source = ListSource(messages(name, case))
    try:
        await ours.deliver(source)
    finally:
        await ours.close()
    assert [str(one.end).partition(" ")[0] for one in source.taken] == ["sent"] * len(source.taken), source.ends()
    return [request_of(came) for came in service.came]


@pytest.mark.parametrize(("name", "case"), OVER_HTTP)
async def test_ours_asks_for_what_theirs_asks_for(name: str, case: str, service: HookServer, tmp_path: Path) -> None:
    calls = await sent(name, case, service, tmp_path)
    theirs = [REQUESTS[name][case][which] for which in ("before", "request") if which in REQUESTS[name][case]]
    check(name, case, list(zip(calls, theirs, strict=True)))


async def test_apple_is_asked_for_what_its_library_asks_for(keys: Keys, tmp_path: Path) -> None:
    apple = AppleServer(keys.server)
    await apple.start()
    settings = PushSettings(apns_key=apple.key_file(tmp_path), apns_url=apple.url, ca_file=keys.ca_file, **APPLE)
    ours = push(settings)
    source = ListSource(messages("apns", "one"))
    await ours.deliver(source)
    await ours.close()
    await apple.stop()
    assert str(source.taken[0].end).startswith("sent ")
    (came,) = apple.came
    headers = [one for one in came.headers.items() if not one[0].startswith(":")]
    body = json.dumps(came.payload).encode()
    asked = shaped(came.headers[":method"], came.headers[":path"], headers, body)
    check("apns", "one", [(asked, REQUESTS["apns"]["one"]["request"])])


@pytest.mark.parametrize("case", REQUESTS["ses"])
def test_a_signature_of_botocore_s_is_the_one_that_we_make(case: str) -> None:
    recorded = REQUESTS["ses"][case]
    given = dict(recorded["signed"]["headers"])
    host, moment, token = (given.pop(name) for name in ("host", "x-amz-date", "x-amz-security-token"))
    made = signed(
        Credentials(LOGIN["aws_key"], LOGIN["key"], token),
        region="eu-west-1",
        service="ses",
        method="POST",
        url=URL(f"http://{host}{recorded['request']['path']}"),
        headers=list(given.items()),
        body=recorded["signed"]["body"].encode(),
        at=datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )
    assert dict(made)["Authorization"] == recorded["signed"]["authorization"]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_has_a_reason_and_is_one_of_a_provider_s(name: str) -> None:
    assert name.partition(" ")[0] in {*REQUESTS, "all"}
    assert all(len(why) > 20 for why in DIFFERENCES[name].values())
