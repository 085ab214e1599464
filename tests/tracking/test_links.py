# SPDX-License-Identifier: Apache-2.0
"""Tracked links and the pixel: on to the right page, never to another one."""

import pytest
from tests.api.conftest import Client
from tests.store.ledgers import Played

from clarion.domain.deliveries import public_id
from clarion.domain.links import LinkSigner
from clarion.domain.short_links import ShortLinks
from clarion.store import feedback

from .conftest import Server


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_link_leads_to_its_page(
    browser: Client, server: Server, played: Played, token: str, method: str
) -> None:
    link = LinkSigner(server.secret, played.key(1).action_id)("https://x.test/a%20b?c=d&e[]=ü f#g")
    answer = await browser(method, f"/e/c/{token}/{link}")
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["location"] == "https://x.test/a%20b?c=d&e[]=%C3%BC%20f#g"
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


async def test_what_would_break_the_header_is_encoded(
    browser: Client, server: Server, played: Played, token: str
) -> None:
    link = LinkSigner(server.secret, played.key(1).action_id)("https://x.test/\r\nSet-Cookie: a=b")
    answer = await browser("GET", f"/e/c/{token}/{link}")
    assert answer.headers["location"] == "https://x.test/%0D%0ASet-Cookie:%20a=b"


async def test_a_link_works_when_its_trigger_is_gone(browser: Client, server: Server, played: Played) -> None:
    gone = played.key(1)._replace(trigger_id=played.key(1).trigger_id + 1_000)
    link = LinkSigner(server.secret, gone.action_id)("https://x.test/")
    answer = await browser("GET", f"/e/c/{public_id(gone, server.secret)}/{link}")
    assert (answer.status, answer.headers["location"]) == (302, "https://x.test/")


async def test_no_link_leads_where_no_mail_does(browser: Client, server: Server, played: Played, token: str) -> None:
    action_id = played.key(1).action_id
    link = LinkSigner(server.secret, action_id)("https://x.test/")
    other_secret = LinkSigner(b"o" * 32, action_id)("https://evil.test/")
    other_action = LinkSigner(server.secret, action_id + 1)("https://x.test/")
    changed = link[:-4] + ("AAAA" if link[-4:] != "AAAA" else "BBBB")
    wrong = [
        f"{token}/{each}" for each in (other_secret, other_action, changed, link[:-1], "x", "%FF", "https:evil.test")
    ]
    for path in (*wrong, f"{token[:-1]}A/{link}", f"x/{link}"):
        answer = await browser("GET", f"/e/c/{path}")
        assert (answer.status, "location" in answer.headers) == (404, False), path
        assert b"This link does not work" in answer.body


async def test_the_pixel_is_a_picture_that_is_asked_for_each_time(browser: Client, token: str) -> None:
    answer = await browser("GET", f"/e/o/{token}")
    assert (answer.status, answer.headers["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")
    assert (answer.body[6:10], answer.body[-1:]) == (b"\1\0\1\0", b";")
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser("HEAD", f"/e/o/{token}")).status == 200
    assert (await browser("GET", f"/e/o/{token[:-1]}x")).status == 404


@pytest.mark.parametrize(
    ("agent", "whose"),
    [("Mozilla/5.0 (iPhone) Safari/604.1", "human_clicked"), ("WhatsApp preview", "machine_clicked")],
)
async def test_a_short_link_leads_on_and_is_a_click(
    browser: Client, server: Server, played: Played, agent: str, whose: str
) -> None:
    key = played.key(1)
    path = ShortLinks(server.secret, "")("https://x.test/a?b=c#d", key)
    answer = await browser("GET", path, headers={"user-agent": agent})
    assert (answer.status, answer.headers["location"]) == (302, "https://x.test/a?b=c#d")
    heard = {metric.value for metric in server.store.read(lambda tx: feedback.first_times(tx, key))}
    assert {"clicked", whose} <= heard
    assert ({"human_clicked", "machine_clicked"} - {whose}).isdisjoint(heard)


async def test_a_short_link_that_is_not_ours_leads_nowhere(browser: Client, played: Played) -> None:
    path = ShortLinks(b"o" * 32, "")("https://evil.test/", played.key(1))
    for wrong in (path, "/s/x", "/s/%FF"):
        answer = await browser("GET", wrong)
        assert (answer.status, "location" in answer.headers) == (404, False)
