# SPDX-License-Identifier: Apache-2.0
"""The pages behind the links of a mail: unsubscribe, preferences, consent, the mail in a browser."""

import time
from functools import partial
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from tests.api.conftest import Answer, Client
from tests.store.ledgers import Played
from tests.support.audience import person_id

from clarion.domain.deliveries import DeliveryKey, key_of, public_id
from clarion.domain.errors import RenderError, Unavailable
from clarion.domain.links import center_token, links_of
from clarion.domain.metrics import Metric
from clarion.domain.people import IdKind, Person, Reference, is_unsubscribed
from clarion.domain.topics import Topic, TopicText
from clarion.store import access, feedback, people, topics
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.tracking.routes import routes

from .conftest import Server

SECRET = b"k" * 32
FORM = {"content-type": "application/x-www-form-urlencoded"}
KINDS = ("unsubscribe", "preferences", "consent", "view")


def person(store: Store, workspace: Workspace, name: str = "p1") -> Person:
    (found,) = store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.ID, name)))
    return found


def unsubscribed(store: Store, workspace: Workspace, name: str = "p1") -> bool:
    return is_unsubscribed(person(store, workspace, name).attributes)


class Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.buttons: list[tuple[str, str]] = []
        self.attributes: set[str] = set()
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "button":
            found = dict(attrs)
            self.buttons.append((found["name"] or "", found["value"] or ""))


def is_private(answer: Answer) -> bool:
    headers = answer.headers
    return (
        headers["referrer-policy"] == "no-referrer"
        and "noindex" in headers["x-robots-tag"]
        and headers["x-content-type-options"] == "nosniff"
        and headers["cache-control"] == "no-store"
        and "default-src 'none'" in headers["content-security-policy"]
        and "script-src" not in headers["content-security-policy"]
        and "frame-ancestors 'none'" in headers["content-security-policy"]
    )


async def test_opening_the_link_changes_nothing(
    browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    before = person(store, workspace)
    for kind in ("unsubscribe", "preferences", "consent"):
        for method in ("GET", "HEAD"):
            answer = await browser(method, f"/{kind}/{token}")
            assert answer.status == 200
    assert person(store, workspace) == before


async def test_page_is_plain_html_with_a_button(browser: Client, token: str) -> None:
    answer = await browser("GET", f"/unsubscribe/{token}")
    page = Reader(answer)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert is_private(answer)
    assert page.buttons == [("unsubscribe", "true")]
    assert {"html", "title", "main", "h1", "form"} <= set(page.tags)
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on") or name in {"src", "style"}]
    assert f'<a href="/preferences/{token}">Or choose what you get</a>'.encode() in answer.body
    assert answer.body.count(b"href") == 1
    assert b'lang="en"' in answer.body
    assert b"Acme" in answer.body


async def test_pressing_the_button_unsubscribes(
    browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    answer = await browser("POST", f"/unsubscribe/{token}", b"unsubscribe=true", FORM)
    assert answer.status == 200
    assert b"You are unsubscribed" in answer.body
    after = person(store, workspace)
    assert after.attributes == {"name": "P1", "unsubscribed": True}
    assert after.changed["unsubscribed"] > 1_700_000_000
    assert not unsubscribed(store, workspace, "p2")
    for page in (answer, await browser("GET", f"/unsubscribe/{token}")):
        assert Reader(page).buttons == [("unsubscribe", "false")]  # by mistake: one press and they are back
        assert f'<form method="post" action="/preferences/{token}">'.encode() in page.body
    back = await browser("POST", f"/preferences/{token}", b"unsubscribe=false", FORM)
    assert b'<p class="said" role="status">You are subscribed again.</p>' in back.body
    assert not unsubscribed(store, workspace)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
async def test_one_click_of_mail_programs(
    body: bytes, content_type: str, browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    """RFC 8058: the post itself is the wish; no cookies, no further question."""
    answer = await browser("POST", f"/unsubscribe/{token}", body, {"content-type": content_type})
    assert answer.status == 200
    assert unsubscribed(store, workspace)


async def test_json_call_of_customer_io(browser: Client, token: str, store: Store, workspace: Workspace) -> None:
    answer = await browser("POST", f"/unsubscribe/{token}", {"unsubscribe": True})
    assert (answer.status, answer.body) == (200, b"{}\n")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert unsubscribed(store, workspace)
    assert (await browser("POST", f"/unsubscribe/{token}", {"unsubscribe": True})).status == 200


@pytest.mark.parametrize("body", [{"unsubscribe": False}, {}, [], b"{", b"\xff", {"unsubscribe": "true"}])
async def test_json_call_that_says_nothing_clear_is_400(
    body: object, browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    answer = await browser("POST", f"/unsubscribe/{token}", body, {"content-type": "application/json"})
    assert answer.status == 400
    assert answer.error
    assert not unsubscribed(store, workspace)


async def test_unknown_links(browser: Client, token: str, server: Server, played: Played) -> None:
    nobody = public_id(DeliveryKey(played.trigger_id, 99, 1), server.secret)
    foreign = public_id(played.key(1), b"another house" * 2)
    for bad in ("nonsense", token[:-1], token[:-1] + "!", nobody, foreign, "%00", "%ff", token + "="):
        for kind in KINDS:
            answer = await browser("GET", f"/{kind}/{bad}")
            assert answer.status == 404, (kind, bad)
            assert b"This link does not work" in answer.body
            assert is_private(answer)
        for kind, form in (("unsubscribe", b"x=1"), ("preferences", b"unsubscribe=true"), ("consent", b"consent=true")):
            assert (await browser("POST", f"/{kind}/{bad}", form, FORM)).status == 404, (kind, bad)
        answer = await browser("POST", f"/unsubscribe/{bad}", {"unsubscribe": True})
        assert answer.status == 400
        assert "delivery id" in answer.error


async def test_encoded_token_works(browser: Client, token: str) -> None:
    encoded = "".join(f"%{ord(character):02X}" for character in token)
    assert (await browser("GET", f"/unsubscribe/{encoded}")).status == 200


async def test_preferences_turn_everything_off_and_on(
    browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    target = f"/preferences/{token}"
    assert Reader(await browser("GET", target)).buttons == [("unsubscribe", "true")]
    off = await browser("POST", target, b"unsubscribe=true", FORM)
    assert Reader(off).buttons == [("unsubscribe", "false")]
    assert unsubscribed(store, workspace)
    assert Reader(await browser("GET", target)).buttons == [("unsubscribe", "false")]
    await browser("POST", target, b"unsubscribe=false", FORM)
    assert person(store, workspace).attributes["unsubscribed"] is False
    for unclear in (b"", b"unsubscribe=maybe", b"x=1", b"&" * 50, b"x" * 20_000):
        assert (await browser("POST", target, unclear, FORM)).status == 200
    assert not unsubscribed(store, workspace)


async def test_preferences_by_topic(browser: Client, token: str, store: Store, workspace: Workspace) -> None:
    offers, news = (
        store.write(partial(topics.create, workspace=workspace, wanted=one))
        for one in (Topic(0, "Offers & more", "Monthly", translations={"de": TopicText("Angebote")}), Topic(0, "News"))
    )
    target = f"/preferences/{token}"
    page = await browser("GET", target)
    assert Reader(page).buttons == [("topics", "save"), ("unsubscribe", "true")]
    assert page.body.count(b" checked") == 2
    assert b"Offers &amp; more" in page.body
    assert b"Angebote" in (await browser("GET", target, None, {"accept-language": "de"})).body
    saved = await browser("POST", target, f"topics=save&topic=topic_{news}".encode(), FORM)
    assert saved.body.count(b" checked") == 1
    assert (b"Saved." in saved.body, b"Saved." in page.body) == (True, False)
    chosen = person(store, workspace).attributes["cio_subscription_preferences"]
    assert chosen == {"topics": {f"topic_{offers}": False}}
    assert not unsubscribed(store, workspace)
    key = key_of(token, SECRET)
    assert key is not None
    assert Metric.TOPIC_UNSUBSCRIBED in store.read(lambda tx: feedback.first_times(tx, key))
    await browser("POST", target, b"unsubscribe=true", FORM)
    assert Reader(await browser("GET", target)).buttons == [("unsubscribe", "false")]
    assert person(store, workspace).attributes["cio_subscription_preferences"] == chosen


async def test_preferences_by_a_persons_token(
    browser: Client, played: Played, store: Store, workspace: Workspace
) -> None:
    number = person(store, workspace).person_id
    good = center_token(number, int(time.time()) + 60, SECRET)
    assert Reader(await browser("GET", f"/preferences/{good}")).buttons == [("unsubscribe", "true")]
    await browser("POST", f"/preferences/{good}", b"unsubscribe=true", FORM)
    assert unsubscribed(store, workspace)
    over, forged = center_token(number, int(time.time()) - 1, SECRET), center_token(number, 2**32 - 1, b"x" * 32)
    for bad in (over, forged, good[:-1], good + "A", "x" * 27):
        for answer in (
            await browser("GET", f"/preferences/{bad}"),
            await browser("POST", f"/preferences/{bad}", b"unsubscribe=false", FORM),
        ):
            assert answer.status == 404
    assert unsubscribed(store, workspace)


async def test_consent_is_stored_under_customer_io_s_name(
    browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    target = f"/consent/{token}"
    asked = await browser("GET", target)
    assert Reader(asked).buttons == [("consent", "true"), ("consent", "false")]
    assert b"May we see" in asked.body
    for word, value, text, other in (
        (b"true", True, b"You allow us", "false"),
        (b"false", False, b"You do not allow us", "true"),
    ):
        answer = await browser("POST", target, b"consent=" + word, FORM)
        assert text in answer.body
        assert Reader(answer).buttons == [("consent", other)]
        assert person(store, workspace).attributes["cio_email_tracking_consent"] is value
    assert not unsubscribed(store, workspace)


async def test_person_who_is_gone_is_told_the_truth(
    browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    store.write(lambda tx: people.delete(tx, person_id(workspace, 1)))
    answer = await browser("GET", f"/unsubscribe/{token}")
    assert b"You are unsubscribed" in answer.body
    assert Reader(answer).buttons == []
    for kind, choice in (("preferences", b"unsubscribe=false"), ("consent", b"consent=true")):
        for answer in (
            await browser("GET", f"/{kind}/{token}"),
            await browser("POST", f"/{kind}/{token}", choice, FORM),
        ):
            assert answer.status == 200
            assert b"Nothing is stored about you any more" in answer.body
            assert Reader(answer).buttons == []
    assert (await browser("POST", f"/unsubscribe/{token}", b"", FORM)).status == 200
    assert (await browser("POST", f"/unsubscribe/{token}", {"unsubscribe": True})).status == 200
    assert (await browser("POST", f"/consent/{token}", b"consent=true", FORM)).status == 200


async def test_nobody_stays_subscribed_for_having_too_many_attributes(
    browser: Client, token: str, store: Store, workspace: Workspace
) -> None:
    full = {f"a{no}": no for no in range(300)}
    before = person(store, workspace)
    crowded = Person(before.person_id, before.id, before.email, full, {}, before.created_ms)
    store.write(lambda tx: people.update(tx, workspace, crowded))
    assert (await browser("POST", f"/unsubscribe/{token}", b"", FORM)).status == 200
    assert unsubscribed(store, workspace)


async def test_names_are_escaped(browser: Client, token: str, store: Store, workspace: Workspace) -> None:
    name = '<script>alert(1)</script> & "Co"'
    store.write(lambda tx: access.update_workspace(tx, Workspace(workspace.workspace_id, name, "id_email")))
    answer = await browser("GET", f"/unsubscribe/{token}")
    assert "script" not in Reader(answer).tags
    assert b"&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Co&quot;" in answer.body


async def test_mail_in_the_browser_is_shut_in(browser: Client, token: str, server: Server, played: Played) -> None:
    assert (await browser("GET", f"/view/{token}")).status == 404
    server.mails[played.key(1)] = "<html><body><script>bad()</script><p>Grüße</p></body></html>"
    answer = await browser("GET", f"/view/{token}")
    assert answer.status == 200
    assert answer.body.decode() == server.mails[played.key(1)]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert is_private(answer)
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


async def test_mail_that_cannot_be_made_again(server: Server, token: str) -> None:
    def fail(key: DeliveryKey) -> str | None:
        raise RenderError("Variable 'customer.name' is missing", part="body", line=1, column=1)

    answer = await Client(Starlette(routes=routes(server, fail)), None)("GET", f"/view/{token}")
    assert answer.status == 404
    assert b"This message cannot be shown any more" in answer.body
    assert b"cut off" not in answer.body
    assert is_private(answer)


async def test_database_that_is_away_is_not_a_dead_link(server: Server, token: str) -> None:
    def fail(key: DeliveryKey) -> str | None:
        raise Unavailable("gone")

    answer = await Client(Starlette(routes=routes(server, fail)), None)("GET", f"/view/{token}")
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert is_private(answer)


async def test_links_in_mails_lead_to_the_pages(browser: Client, token: str, server: Server, played: Played) -> None:
    server.mails[played.key(1)] = "<p>"
    links = links_of("https://mail.acme.test", token)
    for link in (links.unsubscribe, links.preferences, links.consent, links.view_in_browser):
        assert link.startswith("https://mail.acme.test/")
        assert (await browser("GET", link.removeprefix("https://mail.acme.test"))).status == 200
