# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what goes out, what an answer means, and that a host in trouble holds up nobody else's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from clarion.channels.webhook import WebhookProvider, WebhookSettings
from clarion.domain.broadcasts import Method
from clarion.domain.errors import Permanent, SetupError, Temporary, Throttled, Unknown

from .conftest import Keys
from .hook_server import Behaviour, Came, HookServer, says, stalls
from .messages import Clock, a_call, attempt
from .sources import ListSource

Make = Callable[..., WebhookProvider]


@pytest.fixture
async def make(keys: Keys) -> AsyncIterator[Make]:
    made: list[WebhookProvider] = []

    def make(clock: Clock | None = None, lookup: Any = None, **settings: Any) -> WebhookProvider:
        options: dict[str, Any] = {}
        if clock is not None:
            options["clock"] = clock
        if lookup is not None:
            options["lookup"] = lookup
        usual = {"ca_file": keys.ca_file, "allow_private_addresses": True, **settings}
        made.append(WebhookProvider(WebhookSettings(**usual), **options))
        return made[-1]

    yield make
    for provider in made:
        await provider.close()


@pytest.mark.parametrize("method", list(Method))
async def test_a_call_goes_out_as_it_was_made(hooks: HookServer, make: Make, method: Method) -> None:
    body = '{"name": "Zoë"}'
    headers = (("X-Own", "1"), ("Content-Type", "application/x+json"))
    call = a_call(hooks.url("/a%20b?x=%2F&y=1"), 7, method=method, headers=headers, body=body)
    assert (await attempt(make(), call)).words == "200 thanks"
    (came,) = hooks.came
    assert came.line == f"{method.value.upper()} /a%20b?x=%2F&y=1"
    assert came.body == body.encode()
    names = ("x-own", "content-type", "x-cio-delivery-id", "x-cio-idempotency-key", "content-length")
    assert [came.request.headers.getall(name) for name in names] == [
        ["1"], ["application/x+json"], ["d7"], ["d7"], [str(len(body.encode()))],
    ]  # fmt: skip


async def test_a_call_without_a_body_has_no_type(hooks: HookServer, make: Make) -> None:
    assert (await attempt(make(), a_call(hooks.url(), method=Method.GET))).words
    assert "Content-Type" not in hooks.came[0].request.headers
    assert hooks.came[0].body == b""


@pytest.mark.parametrize(
    ("answer", "verdict", "seconds"),
    [
        (says(204), None, None),
        (says(302, Location="https://elsewhere.example/"), Permanent, None),
        (says(400, "bad"), Permanent, None),
        (says(410), Permanent, None),
        (says(408), Temporary, None),
        (says(425), Temporary, None),
        (says(500, "oops"), Temporary, None),
        (says(503), Temporary, None),
        (says(503, Retry_After="30"), Throttled, 30.0),
        (says(429, Retry_After="12"), Throttled, 12.0),
        (says(429), Throttled, 5.0),
        (Came.reset, Unknown, None),
        (stalls, Unknown, None),
    ],
    ids=["204", "302", "400", "410", "408", "425", "500", "503", "503-retry", "429-retry", "429", "reset", "stalls"],
)
async def test_what_an_answer_means(
    hooks: HookServer, make: Make, answer: Behaviour, verdict: type[Exception] | None, seconds: float | None
) -> None:
    hooks.script.append(answer)
    tried = await attempt(make(timeout=0.5), a_call(hooks.url()))
    assert tried.begun
    if verdict is None:
        assert tried.words.startswith("204")
    else:
        assert type(tried.error) is verdict
        assert getattr(tried.error, "retry_after", None) == seconds
    assert len(hooks.came) == 1


async def test_nobody_there_costs_no_attempt_and_is_not_asked_again_at_once(hooks: HookServer, make: Make) -> None:
    clock = Clock()
    provider, url = make(clock), hooks.url()
    await hooks.stop()
    source = ListSource([a_call(url, n) for n in range(20)])
    await provider.deliver(source)
    assert {type(kept.error) for kept in source.taken} == {Throttled}
    assert not any(kept.begun for kept in source.taken)
    await hooks.start()
    assert isinstance((await attempt(provider, a_call(url))).error, Throttled)
    clock.now += 60
    assert (await attempt(provider, a_call(url))).words


async def test_a_host_in_trouble_holds_up_only_its_own(hooks: HookServer, make: Make, keys: Keys) -> None:
    other = HookServer(tls=keys.server, always=Came.reset)
    await other.start()
    try:
        calls = [a_call((other if n % 2 else hooks).url(), n) for n in range(60)]
        source = ListSource(calls)
        await make().deliver(source)
        ends = [kept.end or "" for kept in source.taken]
        assert all(end.startswith("sent") for end in ends[::2])
        assert sum(isinstance(kept.error, Unknown) for kept in source.taken) == 2, "one may be an accident, two are not"
        assert sum(isinstance(kept.error, Throttled) for kept in source.taken) == 28
    finally:
        await other.stop()


async def test_so_many_at_once_and_no_more(hooks: HookServer, make: Make) -> None:
    source = ListSource([a_call(hooks.url(), n) for n in range(300)])
    await make(connections=20, per_host=4).deliver(source)
    assert {kept.end for kept in source.taken} == {"sent 200 thanks"}
    assert 1 < hooks.most_at_once <= 4
    assert sorted(came.delivery_id for came in hooks.came) == sorted(f"d{n}" for n in range(300))


async def test_a_private_address_is_refused_before_anything_goes_out(hooks: HookServer, make: Make) -> None:
    async def here(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    provider = make(allow_private_addresses=False, lookup=here)
    for url in (hooks.url(), f"https://hooks.example:{hooks.port}/"):
        tried = await attempt(provider, a_call(url))
        assert isinstance(tried.error, Permanent)
        assert (tried.error.reason, tried.begun) == ("invalid_address", False)
        assert "webhook.allow_private_addresses" in tried.error.words
    assert hooks.came == []


async def test_a_host_that_is_not_found_is_tried_again(make: Make) -> None:
    async def nowhere(_: str, __: int) -> list[str]:
        raise OSError

    tried = await attempt(make(lookup=nowhere), a_call("https://hooks.example/"))
    assert isinstance(tried.error, Temporary)
    assert tried.error.words == "the host hooks.example was not found"


@pytest.mark.parametrize("url", ["https://", "ftp://x.example", "https://x.example:99999/", "https://[::1", "nonsense"])
async def test_what_is_no_url_is_refused(make: Make, url: str) -> None:
    tried = await attempt(make(), a_call(url))
    assert isinstance(tried.error, Permanent)
    assert tried.error.reason == "invalid_address"


async def test_a_certificate_that_is_not_trusted_is_no_way_out(hooks: HookServer, make: Make) -> None:
    tried = await attempt(make(ca_file=""), a_call(hooks.url()))
    assert isinstance(tried.error, Throttled)
    assert "certificate" in tried.error.words.lower()
    assert hooks.came == []


async def test_the_status_is_the_answer_whatever_follows_it(hooks: HookServer, make: Make) -> None:
    async def drips(came: Came) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(came.request)
        await response.write(b"x")
        await asyncio.Event().wait()
        return response

    async def breaks_off(came: Came) -> web.StreamResponse:
        response = web.StreamResponse(status=500, headers={"Content-Length": "100"})
        await response.prepare(came.request)
        await response.write(b"oops")
        return came.reset()

    provider = make(timeout=2.0)
    hooks.script.extend([drips, says(200, "y" * 2_000_000), breaks_off])
    assert (await attempt(provider, a_call(hooks.url()))).words == "200 x"
    assert (await attempt(provider, a_call(hooks.url()))).words.startswith("200 yyy")
    assert isinstance((await attempt(provider, a_call(hooks.url()))).error, Temporary)
    assert (await attempt(provider, a_call(hooks.url()))).words == "200 thanks"


@pytest.mark.parametrize("name", ["timeout", "connections", "per_host"])
def test_settings_that_cannot_be_meant(name: str) -> None:
    with pytest.raises(SetupError, match=name):
        WebhookSettings(**{name: 0})  # type: ignore[arg-type]
