# SPDX-License-Identifier: Apache-2.0
"""Puts the endpoints together into one ASGI application."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import sha256

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from clarion.api import auth, errors, openapi, reference_page
from clarion.api.app import activities as app_activities
from clarion.api.app import archive as app_archive
from clarion.api.app import broadcasts as app_broadcasts
from clarion.api.app import cancelling as app_cancelling
from clarion.api.app import collections as app_collections
from clarion.api.app import esp as app_esp
from clarion.api.app import exports as app_exports
from clarion.api.app import imports as app_imports
from clarion.api.app import messages as app_messages
from clarion.api.app import metrics as app_metrics
from clarion.api.app import objects as app_objects
from clarion.api.app import people as app_people
from clarion.api.app import person as app_person
from clarion.api.app import segments as app_segments
from clarion.api.app import senders as app_senders
from clarion.api.app import snippets as app_snippets
from clarion.api.app import transactional as app_transactional
from clarion.api.app import triggers as app_triggers
from clarion.api.app import webhooks as app_webhooks
from clarion.api.app import workspace as app_workspace
from clarion.api.calls import Api, Call, Endpoint, Family
from clarion.api.clarion import account_tests as clarion_account_tests
from clarion.api.clarion import accounts as clarion_accounts
from clarion.api.clarion import app_secret, trigger_actions
from clarion.api.clarion import attachments as clarion_attachments
from clarion.api.clarion import audiences as clarion_audiences
from clarion.api.clarion import audit as clarion_audit
from clarion.api.clarion import broadcast_list as clarion_broadcast_list
from clarion.api.clarion import broadcasts as clarion_broadcasts
from clarion.api.clarion import causes as clarion_causes
from clarion.api.clarion import completions as clarion_completions
from clarion.api.clarion import control as clarion_control
from clarion.api.clarion import copies as clarion_copies
from clarion.api.clarion import deliveries as clarion_deliveries
from clarion.api.clarion import drafts as clarion_drafts
from clarion.api.clarion import in_app as clarion_in_app
from clarion.api.clarion import installation as clarion_installation
from clarion.api.clarion import keys as clarion_keys
from clarion.api.clarion import languages as clarion_languages
from clarion.api.clarion import layouts as clarion_layouts
from clarion.api.clarion import ledger as clarion_ledger
from clarion.api.clarion import outbox as clarion_outbox
from clarion.api.clarion import people as clarion_people
from clarion.api.clarion import person as clarion_person
from clarion.api.clarion import progress as clarion_progress
from clarion.api.clarion import proofs as clarion_proofs
from clarion.api.clarion import providers as clarion_providers
from clarion.api.clarion import repeats as clarion_repeats
from clarion.api.clarion import segments as clarion_segments
from clarion.api.clarion import sender_set_up as clarion_sender_set_up
from clarion.api.clarion import senders as clarion_senders
from clarion.api.clarion import session as clarion_session
from clarion.api.clarion import snippet_uses as clarion_snippet_uses
from clarion.api.clarion import topics as clarion_topics
from clarion.api.clarion import tracking_domain as clarion_tracking_domain
from clarion.api.clarion import trying as clarion_trying
from clarion.api.clarion import uploads as clarion_uploads
from clarion.api.clarion import users as clarion_users
from clarion.api.clarion import versions as clarion_versions
from clarion.api.clarion import workspace as clarion_workspace
from clarion.api.limits import Kind
from clarion.api.track import feedback as track_feedback
from clarion.api.track import people as track_people
from clarion.api.track import region as track_region
from clarion.api.track import segments as track_segments
from clarion.api.track import strangers as track_strangers
from clarion.api.track import v2 as track_v2
from clarion.domain.errors import MethodNotAllowed, NotFound
from clarion.store.access import Workspace

ENDPOINTS: tuple[Endpoint, ...] = (
    *app_triggers.ENDPOINTS,
    *app_cancelling.ENDPOINTS,
    *app_broadcasts.ENDPOINTS,
    *app_messages.ENDPOINTS,
    *app_metrics.ENDPOINTS,
    *app_exports.ENDPOINTS,
    *app_imports.ENDPOINTS,
    *app_collections.ENDPOINTS,
    *app_archive.ENDPOINTS,
    *app_people.ENDPOINTS,
    *app_person.ENDPOINTS,
    *app_activities.ENDPOINTS,
    *app_objects.ENDPOINTS,
    *app_workspace.ENDPOINTS,
    *app_webhooks.ENDPOINTS,
    *app_segments.ENDPOINTS,
    *app_snippets.ENDPOINTS,
    *app_esp.ENDPOINTS,
    *app_transactional.ENDPOINTS,
    *app_senders.ENDPOINTS,
    *track_region.ENDPOINTS,
    *track_people.ENDPOINTS,
    *track_segments.ENDPOINTS,
    *track_strangers.ENDPOINTS,
    *track_feedback.ENDPOINTS,
    *track_v2.ENDPOINTS,
    *clarion_broadcast_list.ENDPOINTS,
    *clarion_broadcasts.ENDPOINTS,
    *clarion_versions.ENDPOINTS,
    *clarion_copies.ENDPOINTS,
    *clarion_trying.ENDPOINTS,
    *clarion_languages.ENDPOINTS,
    *clarion_layouts.ENDPOINTS,
    *clarion_providers.ENDPOINTS,
    *clarion_accounts.ENDPOINTS,
    *clarion_account_tests.ENDPOINTS,
    *clarion_segments.ENDPOINTS,
    *clarion_senders.ENDPOINTS,
    *clarion_sender_set_up.ENDPOINTS,
    *clarion_snippet_uses.ENDPOINTS,
    *clarion_topics.ENDPOINTS,
    *clarion_in_app.ENDPOINTS,
    *app_secret.ENDPOINTS,
    *clarion_installation.ENDPOINTS,
    *clarion_control.ENDPOINTS,
    *clarion_repeats.ENDPOINTS,
    *clarion_keys.ENDPOINTS,
    *clarion_ledger.ENDPOINTS,
    *clarion_drafts.ENDPOINTS,
    *clarion_outbox.ENDPOINTS,
    *clarion_people.ENDPOINTS,
    *clarion_audiences.ENDPOINTS,
    *clarion_person.ENDPOINTS,
    *clarion_progress.ENDPOINTS,
    *trigger_actions.ENDPOINTS,
    *clarion_proofs.ENDPOINTS,
    *clarion_completions.ENDPOINTS,
    *clarion_causes.ENDPOINTS,
    *clarion_deliveries.ENDPOINTS,
    *clarion_attachments.ENDPOINTS,
    *clarion_uploads.ENDPOINTS,
    *clarion_workspace.ENDPOINTS,
    *clarion_tracking_domain.ENDPOINTS,
    *clarion_session.ENDPOINTS,
    *clarion_users.ENDPOINTS,
    *clarion_audit.ENDPOINTS,
)

_NOBODY = Workspace(0, "", "id_email")


def build(
    api: Api,
    more_routes: Sequence[BaseRoute] = (),
    *,
    around: Callable[[ASGIApp], ASGIApp] = lambda inner: inner,
    otherwise: Callable[[Request], Response | None] = lambda _: None,
) -> ASGIApp:
    """The application: every endpoint, and `more_routes` (links in mails, health) beside them.

    `around` wraps the router: it sees the requests as they are routed, and afterwards `scope["route"]`. `otherwise`
    answers looks at addresses that nobody has (the web page's); None is a 404.
    """
    described = Route("/openapi.json", _described(api.options.base_url), methods=["GET"])
    readable = Route("/docs", _readable(api.options.base_url), methods=["GET"])
    application = Starlette(
        routes=[*_routes(api, ENDPOINTS), *clarion_in_app.preflights(), described, readable, *more_routes]
    )
    application.router.redirect_slashes = False  # Node drops its credentials on a redirect (contract §15.6)
    application.add_exception_handler(HTTPException, _no_such_route(otherwise))
    return RawPath(around(application))


def _routes(api: Api, endpoints: Iterable[Endpoint]) -> list[Route]:
    routes = []
    for endpoint in endpoints:
        for path in (endpoint.path, *endpoint.aliases):
            routes.append(Route(path, _bound(api, endpoint), methods=[endpoint.method]))
    return routes


def _described(base_url: str) -> Callable[[Request], Awaitable[Response]]:
    """The API's own description; made at the first call, and then the same for everybody."""
    made: list[bytes] = []

    async def respond(request: Request) -> Response:
        if not made:
            made.append(msgspec.json.encode(openapi.document(ENDPOINTS, base_url)))
        etag = f'"{sha256(made[0]).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(made[0], media_type="application/json", headers={"ETag": etag})

    return respond


def _readable(base_url: str) -> Callable[[Request], Awaitable[Response]]:
    """The same for people; made at the first call."""
    made: list[Response] = []

    async def respond(request: Request) -> Response:  # noqa: ARG001 - routes take a request
        if not made:
            made.append(reference_page.page(openapi.document(ENDPOINTS, base_url)))
        return made[0]

    return respond


def _bound(api: Api, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            if endpoint.scope == "none" or (endpoint.open_in_demo and api.options.open_outbox):
                return await endpoint.handler(Call(request, api, _NOBODY))
            found = await auth.access_of(request, api, endpoint)
            call = Call(request, api, found.workspace, found.name, found.user_id)
            response = await _counted(call, endpoint)
            if response.status_code < 400 and clarion_audit.concerns(endpoint, call):
                await clarion_audit.note(endpoint, call)
            return response
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes an answer
            return errors.respond(error, endpoint.family, api.outages)

    return respond


async def _counted(call: Call, endpoint: Endpoint) -> Response:
    """The call, if the workspace may make one more in this second; how many are left is told with every answer."""
    kind: Kind = "track" if endpoint.scope == "track" else "send" if endpoint.sends else "app"
    if call.api.limits is None or endpoint.scope == "manage" or call.user_id:  # a person clicks, they do not loop
        return await endpoint.handler(call)
    standing = await call.api.limits.take(call.workspace.workspace_id, kind)
    try:
        response = await endpoint.handler(call)
    except Exception as error:  # noqa: BLE001 - failures tell it too
        response = errors.respond(error, endpoint.family, call.api.outages)
    return standing.write_to(response) if standing is not None else response


def _no_such_route(
    otherwise: Callable[[Request], Response | None],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def respond(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if status == 404 and request.method in {"GET", "HEAD"} and (found := otherwise(request)) is not None:
            return found
        path = request.scope["path"]
        family: Family = "app"
        if path.startswith("/api/v2/"):
            family = "track_v2"
        elif path.startswith(("/api/v1/", "/push/")):
            family = "track_v1"
        return errors.refuse(MethodNotAllowed() if status == 405 else NotFound(), family)

    return respond


class RawPath:
    """Routes on the path as it was sent, so that an identifier may hold an encoded slash (contract §15.1).

    `/v1/api/…`, the older prefix of the App API, becomes `/v1/…` (contract §15.2).
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the path and go on."""
        if scope["type"] == "http":
            raw = scope.get("raw_path") or scope["path"].encode()
            path = raw.decode("latin-1").partition("?")[0]
            if path.startswith("/v1/api/"):
                path = "/v1/" + path.removeprefix("/v1/api/")
            scope = {**scope, "path": path}
        await self._application(scope, receive, send)
