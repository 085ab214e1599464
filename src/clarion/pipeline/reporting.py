# SPDX-License-Identifier: Apache-2.0
"""The errand that tells reporting webhooks what happened (contract §9).

This is a state path.

Read: the events that wait for a webhook, in their order, under a lease on the webhook, so that one process sends to it
at a time. Done: a call for each, until one is not taken; then the rest waits behind it, and other webhooks do not.
Committed, after some calls: which were taken, or when to try again. Crash: calls that were not recorded yet are made
again, with the same event_id, in the same order; none is passed over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aiohttp
import msgspec
import structlog

from clarion import __version__
from clarion.channels.public_addresses import is_public, look_up
from clarion.domain.broadcasts import BroadcastKind
from clarion.domain.deliveries import REASON_WORDS, DeliveryKey, Reason, public_id
from clarion.domain.errors import RenderError
from clarion.domain.people import cio_id
from clarion.domain.push import tokens_of
from clarion.domain.reporting import (
    PREFERENCES_CHANGED,
    Answered,
    envelope,
    fields_of,
    pause_seconds,
    signature,
)
from clarion.domain.topics import choices
from clarion.pipeline.compose import Sign
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import CheckedResolver, DownloadRules, url_of
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.preview import Preview
from clarion.rendering.email import RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import access, broadcasts, ledger, people, reporting
from clarion.store.engine import Store, Transaction
from clarion.store.reporting import LostWebhook, Waiting, Webhook

_log = structlog.get_logger("clarion.reporting")
_TIMEOUT_S = 4.0  # contract §9.1
_LEASE_MS = 60_000
_BETWEEN_COMMITS = 10
_AT_ONCE = 4
Post = Callable[[str, bytes, dict[str, str]], Awaitable[Answered]]


def errand(store: Store, sign: Sign, rules: DownloadRules, failpoint: Failpoint = nothing) -> Errand:
    """Four webhooks at a time in each process."""
    telling = Telling(store, sign, partial(post, rules=rules), failpoint=failpoint)
    return Errand("reporting", telling.turn, at_once=_AT_ONCE)


class Telling:
    """Sends what waits for one webhook at a time; `post` makes a call."""

    def __init__(self, store: Store, sign: Sign, post: Post, *, failpoint: Failpoint = nothing) -> None:
        self._store = store
        self._sign = sign
        self._post = post
        self._preview = Preview(store, sign)
        self._failpoint = failpoint

    async def turn(self) -> bool:
        """Tell a webhook some of what waits for it; False when nothing does."""
        webhook_id = await asyncio.to_thread(self._store.read, reporting.due)
        if webhook_id is None:
            return False
        take = partial(reporting.take, webhook_id=webhook_id, lease_ms=_LEASE_MS)
        held = await asyncio.to_thread(self._store.write, take)
        if held is None:
            return True
        try:
            await self._tell(held)
        except LostWebhook:
            _log.warning("reporting.lost", webhook=webhook_id)
        return True

    async def _tell(self, held: Webhook) -> None:
        look = partial(reporting.waiting, webhook_id=held.webhook_id, most=_BETWEEN_COMMITS)
        some = await asyncio.to_thread(self._store.read, look)
        taken: list[tuple[str, Answered]] = []
        failed: tuple[str, Answered] | None = None
        for event in some:
            answered = await self._call(held, event)
            if not answered.taken:
                failed = (event.event_id, answered)
                break
            taken.append((event.event_id, answered))
        self._failpoint("reporting.told")
        tries = (0 if taken else held.tries) + 1
        pause_s = pause_seconds(failed[1], tries) if failed else 0
        if failed is not None:
            _log.warning("reporting.failed", webhook=held.webhook_id, status=failed[1].status, again_in_s=pause_s)
        settle = partial(
            reporting.settle,
            held=held,
            taken=taken,
            failed=failed,
            pause_ms=pause_s * 1_000,
        )
        await asyncio.to_thread(self._store.write, settle)

    async def _call(self, held: Webhook, event: Waiting) -> Answered:
        value = await asyncio.to_thread(self._body, held, event)
        body, now = msgspec.json.encode(value), int(time.time())
        headers = {
            "Content-Type": "application/json",
            "X-CIO-Timestamp": str(now),
            "X-CIO-Signature": signature(held.secret, now, body),
        }
        return await self._post(held.endpoint, body, headers)

    def _body(self, held: Webhook, event: Waiting) -> dict[str, Any]:
        """The call's body, made from what is stored now; blocking."""
        kind, _, metric = event.event.rpartition("_")
        key = DeliveryKey(*event.facts["key"]) if event.facts.get("key") else None
        data: dict[str, Any] = {}
        if key is not None:
            data |= self._of_message(held, key, kind, metric, event.facts)
        elif "person_id" in event.facts:
            data |= self._store.read(partial(_who, person_id=int(event.facts["person_id"])))
        if kind == "customer" or event.event == PREFERENCES_CHANGED:
            data["email_address"] = (data.get("identifiers") or {}).get("email") or ""
        if held.with_content and event.event == PREFERENCES_CHANGED:
            data["content"] = self._store.read(partial(_topics, held=held, facts=event.facts))
        return envelope(event.event_id, event.event, event.made_ms // 1_000, data)

    def _of_message(
        self, held: Webhook, key: DeliveryKey, kind: str, metric: str, facts: dict[str, Any]
    ) -> dict[str, Any]:
        row = self._store.read(partial(ledger.get, key=key))
        delivery_id = public_id(key, self._sign.secret)
        parent = self._store.read(partial(broadcasts.kind, broadcast_id=int(row["broadcast_id"]))) if row else None
        data: dict[str, Any] = {"delivery_id": delivery_id}
        if parent in (None, BroadcastKind.BROADCAST):
            data |= {
                "broadcast_id": int(row["broadcast_id"]) if row else None,
                "trigger_id": key.trigger_id,
                "action_id": key.action_id,
                "journey_id": f"{key.trigger_id}-{key.seq}",
            }
        elif parent is BroadcastKind.TRANSACTIONAL and row is not None:
            data["transactional_message_id"] = int(row["broadcast_id"])
        if row is None:
            return data
        data |= self._store.read(partial(_who, person_id=int(row["person_id"])))
        fields = fields_of(kind, metric)
        with_content = held.with_content and metric == "sent"
        rendered = self._rendered(key) if "subject" in fields or with_content else None
        own = "" if kind == "push" else data["identifiers"].get("email")
        recipient = row["recipient"] or own or ""
        known = {
            **facts,
            "subject": rendered.subject if isinstance(rendered, RenderedEmail) else "",
            "recipient": recipient,
            "recipients": _devices(facts, recipient) if kind == "push" else None,
            "failure_message": facts.get("failure_message") or _failure(facts),
        }
        data |= {name: known.get(name) for name in fields}
        if with_content and isinstance(rendered, RenderedWebhook):
            data["content"] = rendered.body
        elif with_content and isinstance(rendered, RenderedParts):
            data["content"] = rendered.subject
        elif with_content and isinstance(rendered, RenderedEmail):
            data["content"] = rendered.html
            data["headers"] = {name: [value] for name, value in rendered.headers}
        return data

    def _rendered(self, key: DeliveryKey) -> RenderedEmail | RenderedWebhook | RenderedParts | None:
        try:
            return self._preview.whole(key)
        except RenderError:  # which is why it failed, or the person has changed since
            return None


def _devices(facts: dict[str, Any], recipient: str) -> list[dict[str, str]]:
    """The devices of an event: the one that told it, else all that the message went to."""
    told = facts.get("device_id")
    return [{"device_id": token} for token in ([told] if told else tokens_of(recipient))]


def _failure(facts: dict[str, Any]) -> str:
    meaning = REASON_WORDS[Reason(facts["reason"])] if facts.get("reason") else ""
    return ": ".join(text for text in (meaning, facts.get("words") or "") if text)


def _topics(tx: Transaction, held: Webhook, facts: dict[str, Any]) -> str:
    """What somebody wants by now, as JSON."""
    person_id = facts.get("person_id")
    if person_id is None and facts.get("key"):
        row = ledger.get(tx, DeliveryKey(*facts["key"]))
        person_id = row["person_id"] if row else None
    workspace = access.workspace(tx, held.workspace_id)
    found = people.by_numbers(tx, workspace, [int(person_id)]) if workspace and person_id is not None else []
    topics = choices(found[0].attributes) if found else {}
    return msgspec.json.encode({"topics": topics}).decode()


def _who(tx: Transaction, person_id: int) -> dict[str, Any]:
    found = people.identifiers(tx, [person_id]).get(person_id)
    names = {"id": found.id if found else None, "email": found.email if found else None, "cio_id": cio_id(person_id)}
    return {"customer_id": names["id"] or names["cio_id"], "identifiers": names}


async def post(url: str, body: bytes, headers: dict[str, str], *, rules: DownloadRules) -> Answered:
    """One call; never raises. Private addresses are refused as for data files, and redirects are not followed."""
    began = time.monotonic()

    def ended(status: int | None, words: str, *, broken: bool = False) -> Answered:
        return Answered(status, words[:300], int((time.monotonic() - began) * 1_000), broken)

    resolver = CheckedResolver(rules, is_public, look_up)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            target = url_of(url)
            await resolver.check(target)
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                    headers={"User-Agent": f"Clarion/{__version__}"},
                ) as session,
                session.post(target, data=body, headers=headers, allow_redirects=False) as response,
            ):
                return ended(response.status, response.reason or "")
    except TimeoutError:
        return ended(None, f"no answer within {_TIMEOUT_S:g} seconds")
    except DataFileError as error:
        return ended(None, str(error), broken=True)
    except (aiohttp.ClientError, OSError) as error:
        return ended(None, str(error) or type(error).__name__, broken=True)
