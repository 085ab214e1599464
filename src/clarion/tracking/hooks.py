# SPDX-License-Identifier: Apache-2.0
"""Where providers tell what became of messages: `POST /hooks/{provider}/{token}`.

Whoever calls knows a secret URL, and, but for Postmark, has signed the call. What is told of messages that are not
ours, or are forgotten, is taken and counted, so that nobody tells it again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from clarion.channels.hook import Hook, Incoming, NotGenuineError, UnreadableError
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import Unavailable
from clarion.domain.provider_events import Reply, is_hook_token
from clarion.pipeline import replying
from clarion.pipeline.hear import HearRules, Outcome, hear
from clarion.store.engine import Transaction
from clarion.tracking.person import set_attribute, set_channel
from clarion.tracking.routes import Backend

AT_ONCE = 2  # events that are written down at a time, so that a flood of them leaves threads to others
MOST_BYTES = 5_000_000  # of a call; SendGrid's are the largest, below a megabyte
Count = Callable[[str, str, int], None]
"""Provider, what became of an event, how many."""
_QUIET = frozenset({"twilio"})  # take a text that answers them for a message to whoever wrote
_log = structlog.get_logger("clarion.hooks")


@dataclass(frozen=True, slots=True)
class HookOptions:
    """`hooks`: what reads each provider's calls, None where it cannot be told which are genuine; `base_url`: where this
    server is reached, whatever a proxy makes of it."""

    hooks: Mapping[str, Hook | None]
    rules: HearRules
    count: Count
    base_url: str


def routes(backend: Backend, options: HookOptions) -> list[Route]:
    """The one route."""
    listener = _Listener(backend, options)
    return [Route("/hooks/{provider}/{token}", listener.respond, methods=["POST"])]


class _Listener:
    def __init__(self, backend: Backend, options: HookOptions) -> None:
        self._backend = backend
        self._options = options
        self._places = asyncio.Semaphore(AT_ONCE)

    async def respond(self, request: Request) -> Response:
        """200 for what was understood, whatever came of it; 503 while there is no database: tell it again."""
        provider = str(request.path_params["provider"])
        token = str(request.path_params["token"])
        if provider not in self._options.hooks or not is_hook_token(token, provider, self._backend.secret):
            return _answer(404, error="there is nothing here")
        try:
            return await self._listen(request, provider)
        except NotGenuineError as error:
            self._options.count(provider, "refused", 1)
            _log.warning("hook.refused", provider=provider, why=str(error))
            return _answer(403, error=str(error))
        except UnreadableError as error:
            self._options.count(provider, "unreadable", 1)
            return _answer(400, error=str(error))
        except Unavailable as error:
            _log.warning("store.unavailable", error=str(error))
        except Exception:  # noqa: BLE001 - the one place where anything becomes an answer
            _log.exception("hook.crashed", provider=provider)
        return _answer(503, error="not now: tell it again")

    async def _listen(self, request: Request, provider: str) -> Response:
        hook = self._options.hooks[provider]
        if hook is None:
            raise NotGenuineError(f"no key is set for {provider} in [hooks], so nothing that it tells can be believed")
        body = await _body(request)
        if body is None:
            return _answer(413, error=f"the body has more than {MOST_BYTES} bytes, or did not arrive")
        headers = {name.lower(): value for name, value in request.headers.items()}
        outcomes = Counter[str]()
        secret, rules = self._backend.secret, self._options.rules
        for event in await hook(Incoming(body, headers, time.time(), self._url(request))):
            work: Callable[[Transaction], Outcome]
            if isinstance(event, Reply):
                work = partial(replying.take, reply=event, provider=provider, choose=set_channel)
            else:
                work = partial(
                    hear, event=event, provider=provider, secret=secret, rules=rules, unsubscribe=unsubscribe
                )
            async with self._places:
                outcome = await self._backend.write(work)
            outcomes[outcome.value] += 1
        for name, number in outcomes.items():
            self._options.count(provider, name, number)
        return Response(status_code=204) if provider in _QUIET else _answer(200, **outcomes)

    def _url(self, request: Request) -> str:
        path, query = request.scope["raw_path"].decode("ascii"), request.scope["query_string"].decode("ascii")
        return f"{self._options.base_url}{path}{'?' if query else ''}{query}"


def unsubscribe(tx: Transaction, key: DeliveryKey) -> object:
    """Whoever a message was for gets no more, as somebody told us; that is counted already."""
    return set_attribute(tx, key, "unsubscribed", value=True, counted=True)


async def _body(request: Request) -> bytes | None:
    """The body; None when it is too large or did not arrive."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _answer(status: int, **said: object) -> Response:
    return Response(msgspec.json.encode(said) + b"\n", status, media_type="application/json; charset=utf-8")
