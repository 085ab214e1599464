# SPDX-License-Identifier: Apache-2.0
"""What the links in mails open: unsubscribe, preferences, consent to tracking, the mail in a browser, other sites.

A GET changes nothing: scanners of links and prefetching mail programs open every one of them.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, quote, unquote

import msgspec
import structlog
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from clarion.domain.deliveries import DeliveryKey, key_of
from clarion.domain.errors import RenderError, Unavailable, detail_of
from clarion.domain.links import person_of_center, target_of
from clarion.domain.machines import NO_RULES, MachineRules
from clarion.domain.people import CONSENT
from clarion.domain.short_links import behind
from clarion.domain.topics import Topic, accepted
from clarion.pipeline import feedback
from clarion.pipeline.feedback import Looked
from clarion.store import topics
from clarion.store.engine import Transaction
from clarion.tracking import pages
from clarion.tracking.machines import seen
from clarion.tracking.pages import Button, Choice, Way
from clarion.tracking.person import Attribute, Behind, Reader, reader, set_attribute, set_topics

T = TypeVar("T")
Preview = Callable[[DeliveryKey], str | None]
_log = structlog.get_logger("clarion.tracking")
_MOST_BYTES = 10_000

_UNSUBSCRIBE = Button("Unsubscribe", "unsubscribe", "true")
_SAVE = Button("Save", "topics", "save")
_LEAVE = Button("Unsubscribe from everything", "unsubscribe", "true", second=True)
_SUBSCRIBE = Button("Subscribe again", "unsubscribe", "false", second=True)
_ALLOW = Button("Allow", "consent", "true")
_DENY = Button("Do not allow", "consent", "false", second=True)


class Backend(Protocol):
    """What the pages need of the server; `api.calls.Api` is one."""

    @property
    def secret(self) -> bytes:
        """Keys delivery ids."""
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a snapshot, off the event loop."""
        ...

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction, off the event loop."""
        ...

    async def run(self, work: Callable[[], T]) -> T:
        """Run blocking work, off the event loop."""
        ...


def routes(backend: Backend, preview: Preview, rules: MachineRules = NO_RULES) -> list[Route]:
    """The public routes. `preview` gives a delivery's mail as HTML; it may block, and raise RenderError.

    `rules`: who is taken for a machine.
    """
    public = _Pages(backend, preview, rules)
    return [
        Route("/unsubscribe/{token}", _shown(public.ask_unsubscribe), methods=["GET"]),
        Route("/unsubscribe/{token}", _shown(public.unsubscribe), methods=["POST"]),
        Route("/preferences/{token}", _shown(public.show_preferences), methods=["GET"]),
        Route("/preferences/{token}", _shown(public.set_preferences), methods=["POST"]),
        Route("/consent/{token}", _shown(public.ask_consent), methods=["GET"]),
        Route("/consent/{token}", _shown(public.set_consent), methods=["POST"]),
        Route("/view/{token}", _shown(public.view), methods=["GET"]),
        Route("/e/c/{token}/{link}", _shown(public.follow), methods=["GET"]),
        Route("/s/{token}", _shown(public.follow_short), methods=["GET"]),
        Route("/e/o/{token}", _shown(public.opened), methods=["GET"]),
    ]


def _shown(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            return await handler(request)
        except Unavailable as error:
            _log.warning("store.unavailable", error=str(error))
        except Exception:  # noqa: BLE001 - the one place where anything becomes a page
            _log.exception("page.crashed", route=request.url.path.split("/")[1])
        return pages.unavailable()

    return respond


class _Pages:
    def __init__(self, backend: Backend, preview: Preview, rules: MachineRules) -> None:
        self._backend = backend
        self._rules = rules
        self._preview = preview

    def _key(self, request: Request) -> DeliveryKey | None:
        return key_of(unquote(request.path_params["token"]), self._backend.secret)

    async def _reader(self, request: Request) -> Reader | None:
        key = self._key(request)
        return await self._backend.read(lambda tx: reader(tx, key)) if key is not None else None

    async def _set(self, request: Request, name: Attribute, *, value: bool) -> Reader | None:
        key = self._key(request)
        if key is None:
            return None
        return await self._backend.write(lambda tx: set_attribute(tx, key, name, value=value))

    async def ask_unsubscribe(self, request: Request) -> Response:
        found = await self._reader(request)
        if found is None:
            return pages.unknown()
        if found.person is None or found.unsubscribed:
            return _left(found, request)
        text, way = (
            "Press the button and you get no more of these messages.",
            Way("Or choose what you get", _chosen(request)),
        )
        return pages.page("Unsubscribe?", text, buttons=(_UNSUBSCRIBE,), way=way, sender=found.workspace.name)

    async def unsubscribe(self, request: Request) -> Response:
        """A form of the page, a mail program's one click (RFC 8058), or Customer.io's JSON (contract §8).

        Whatever a form holds, posting it is the wish: one-click bodies come in two encodings.
        """
        body = await _body(request)
        if _media_type(request) == "application/json":
            return await self._unsubscribe_json(request, body)
        found = None if body is None else await self._set(request, "unsubscribed", value=True)
        return pages.unknown() if found is None else _left(found, request)

    async def _unsubscribe_json(self, request: Request, body: bytes | None) -> Response:
        try:
            wish = msgspec.json.decode(body or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _bad_request("the body is not valid JSON")
        if not isinstance(wish, dict) or wish.get("unsubscribe") is not True:
            return _bad_request('the body must be {"unsubscribe": true}')
        if await self._set(request, "unsubscribed", value=True) is None:
            return _bad_request("invalid delivery id")
        return _json({}, 200)

    def _behind(self, request: Request) -> Behind | None:
        """A message, or a person: the page of preferences opens by a link in a mail, or by a token of its own."""
        token = unquote(request.path_params["token"])
        return key_of(token, self._backend.secret) or person_of_center(token, time.time(), self._backend.secret)

    async def show_preferences(self, request: Request) -> Response:
        behind = self._behind(request)
        return pages.unknown() if behind is None else await self._preferences(request, behind)

    async def _preferences(self, request: Request, behind: Behind, said: str = "") -> Response:
        def look(tx: Transaction) -> tuple[Reader | None, list[Topic]]:
            found = reader(tx, behind)
            return found, topics.listing(tx, found.workspace) if found is not None else []

        found, known = await self._backend.read(look)
        wanted = accepted(request.headers.get("accept-language", ""))
        return pages.unknown() if found is None else _preferences(found, known, wanted, said)

    async def set_preferences(self, request: Request) -> Response:
        """Off and on altogether, or topic by topic; where nothing was chosen, it is asked again."""
        behind, body = self._behind(request), await _body(request)
        if behind is None:
            return pages.unknown()
        wish, said = _choice(body, "unsubscribe"), ""
        if wish is not None:
            await self._backend.write(lambda tx: set_attribute(tx, behind, "unsubscribed", value=wish))
            said = "" if wish else "You are subscribed again."
        elif (ticked := _ticked(body)) is not None:
            await self._backend.write(lambda tx: _set_ticked(tx, behind, ticked))
            said = "Saved."
        return await self._preferences(request, behind, said)

    async def ask_consent(self, request: Request) -> Response:
        found = await self._reader(request)
        return pages.unknown() if found is None else _consent(found)

    async def set_consent(self, request: Request) -> Response:
        wish = _choice(await _body(request), "consent")
        if wish is None:
            return await self.ask_consent(request)
        found = await self._set(request, CONSENT, value=wish)
        return pages.unknown() if found is None else _consent(found, "Saved.")

    async def view(self, request: Request) -> Response:
        key = self._key(request)
        if key is None:
            return pages.unknown()
        try:
            html = await self._backend.run(lambda: self._preview(key))
        except RenderError:
            return pages.outdated()  # the person has changed since; the mail cannot be made again
        return pages.unknown() if html is None else pages.mail(html)

    async def follow(self, request: Request) -> Response:
        """On to where a link leads. Only to what its checksum names, so nobody can lend our name to another site.

        Nothing is read first: links work as long as the installation's secret does, whatever was removed since.
        """
        key = self._key(request)
        link = unquote(request.path_params["link"])
        url = target_of(link, key.action_id, self._backend.secret) if key is not None else None
        return pages.unknown() if key is None or url is None else self._onward(request, key, url)

    async def follow_short(self, request: Request) -> Response:
        """The same of a link in a text."""
        found = behind(unquote(request.path_params["token"]), self._backend.secret)
        return pages.unknown() if found is None else self._onward(request, *found)

    def _onward(self, request: Request, key: DeliveryKey, url: str) -> Response:
        looked = Looked(self._rules.decider(seen(request)), self._rules)
        return self._noting(pages.onward(url), partial(feedback.clicked, key=key, href=url, looked=looked))

    async def opened(self, request: Request) -> Response:
        """The picture at the end of a mail."""
        key = self._key(request)
        if key is None:
            return pages.unknown()
        looked = Looked(self._rules.decider(seen(request)), self._rules)
        return self._noting(pages.pixel(), partial(feedback.opened, key=key, looked=looked))

    def _noting(self, response: Response, work: Callable[[Transaction], bool]) -> Response:
        """The answer first: nobody waits for our database, and an outage of it costs a click, never a page."""

        async def note() -> None:
            try:
                await self._backend.write(work)
            except Exception as error:  # noqa: BLE001 - the reader has the answer already
                _log.warning("feedback.lost", error=detail_of(error))

        response.background = BackgroundTask(note)
        return response


def _set_ticked(tx: Transaction, behind: Behind, ticked: frozenset[str]) -> None:
    """A form shows every topic, so one that is not ticked is not wanted."""
    found = reader(tx, behind)
    if found is not None:
        known = topics.listing(tx, found.workspace)
        set_topics(tx, behind, {topic.topic_id: topic.identifier in ticked for topic in known})


def _chosen(request: Request) -> str:
    """The path of the preferences behind the same link."""
    return f"/preferences/{quote(unquote(request.path_params['token']), safe='')}"


def _left(found: Reader, request: Request) -> Response:
    """Whoever left by mistake comes back with a button; there is none for somebody who is gone."""
    back = () if found.person is None else (_SUBSCRIBE,)
    text = "You get no more of these messages."
    return pages.page("You are unsubscribed", text, buttons=back, action=_chosen(request), sender=found.workspace.name)


def _preferences(found: Reader, known: Sequence[Topic], wanted: Sequence[str], said: str) -> Response:
    if found.person is None:
        return pages.forgotten(found.workspace.name)
    if found.unsubscribed:
        text = "You are unsubscribed: you get no more of our messages."
        return pages.page("Your preferences", text, buttons=(_SUBSCRIBE,), sender=found.workspace.name)
    attributes = found.person.attributes
    choices = tuple(
        Choice(one.identifier, one.text(wanted).name, one.text(wanted).description, one.is_wanted_by(attributes))
        for one in known
    )
    buttons = (_SAVE, _LEAVE) if choices else (_UNSUBSCRIBE,)
    text = "You get our messages."
    return pages.page(
        "Your preferences", text, buttons=buttons, choices=choices, said=said, sender=found.workspace.name
    )


def _consent(found: Reader, said: str = "") -> Response:
    if found.person is None:
        return pages.forgotten(found.workspace.name)
    known = found.person.attributes.get(CONSENT)
    buttons: tuple[Button, ...] = (_ALLOW, _DENY)
    if known is None:
        text = "May we see whether you open our messages and which links you follow?"
    elif str(known).lower() == "true":
        buttons = (replace(_DENY, second=False),)
        text = "You allow us to see whether you open our messages and which links you follow."
    else:
        buttons = (_ALLOW,)
        text = "You do not allow us to see whether you open our messages or which links you follow."
    return pages.page("Measuring", text, buttons=buttons, said=said, sender=found.workspace.name)


async def _body(request: Request) -> bytes | None:
    """The body; None when it is too large or did not arrive."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _choice(body: bytes | None, name: str) -> bool | None:
    """The true or false of a form's field; None for anything else."""
    fields = parse_qs((body or b"").decode("utf-8", "replace"))
    return {"true": True, "false": False}.get(fields.get(name, [""])[0])


def _ticked(body: bytes | None) -> frozenset[str] | None:
    """The topics that a form asks for; None for anything but a form that was saved."""
    fields = parse_qs((body or b"").decode("utf-8", "replace"))
    return frozenset(fields.get("topic", ())) if fields.get("topics") == ["save"] else None


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value) + b"\n", status, media_type="application/json; charset=utf-8")


def _bad_request(detail: str) -> Response:
    return _json({"meta": {"errors": [detail], "error": detail}}, 400)
