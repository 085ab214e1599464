# SPDX-License-Identifier: Apache-2.0
"""The HTTP side, put together."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from starlette.types import ASGIApp

from clarion.api import application, health
from clarion.api.calls import Api, ApiOptions
from clarion.api.limits import Kind, Limits
from clarion.channels import registry
from clarion.channels.hooks import build_hooks, ready_hooks
from clarion.page import files, serving
from clarion.page import in_app as in_app_page
from clarion.pipeline.compose import Sign
from clarion.pipeline.hear import HearRules
from clarion.pipeline.preview import Preview
from clarion.store import access
from clarion.store.numbers import PersonNumbers
from clarion.tracking import hooks, own_domains, routes
from clarion.wiring.bounces import mailbox_of
from clarion.wiring.downloads import content_of, fetcher
from clarion.wiring.house import House
from clarion.wiring.machines import machine_rules
from clarion.wiring.providers import (
    blank_mail_of,
    build_provider_of,
    captures,
    doubt_policy,
    hook_keys,
    own_keys,
    sending,
)

_API_THREADS = 8


def build_application(house: House, vitals: health.Vitals, *, open_outbox: bool = False) -> ASGIApp:
    """The HTTP side: Customer.io's API, ours, the pages behind links in messages, and what probes ask."""
    settings = house.settings
    secret = house.store.write(access.installation_secret)
    told = sending(house)
    api = Api(
        store=house.store,
        jobs=house.jobs,
        numbers=PersonNumbers(house.store),
        outbox=cache(partial(registry.captured_mail, house.outbox_folder)) if captures(settings) else None,
        threads=ThreadPoolExecutor(_API_THREADS, thread_name_prefix="api"),
        secret=secret,
        tracing=house.tracing,
        limits=_limits(house),
        provider=partial(build_provider_of, house),
        options=ApiOptions(
            base_url=house.base_url,
            region=settings.server.region,
            trigger_interval_seconds=settings.trigger.interval_seconds,
            trigger_queue=settings.trigger.queue,
            open_outbox=open_outbox,
            doubt_policy=doubt_policy(told),
            stream_bytes=settings.data_file.max_bytes,
            blank_mail=blank_mail_of(house),
            fetch=fetcher(house),
            sending=told,
            per_domain=settings.per_domain,
            listening=tuple(ready_hooks(hook_keys(settings), own_keys(settings)).items()),
            bounce_mailbox=mailbox.name if (mailbox := mailbox_of(settings)) else "",
            ip_addresses=tuple(one.strip() for one in settings.server.ip_addresses.split(",") if one.strip()),
        ),
    )
    preview = Preview(house.store, Sign(secret, house.base_url))
    probes = health.routes(vitals, token=settings.metrics.token, public_port=True)
    page = serving.otherwise(files.load())
    apps = in_app_page.routes(api if open_outbox else None)
    more = [
        *routes.routes(api, preview, machine_rules(settings)),
        *apps,
        *hooks.routes(api, _listening(house)),
        *probes,
        own_domains.proof_route(api),
    ]
    built = application.build(api, more, around=house.metrics.watched, otherwise=page)
    return own_domains.OnlyLinks(built, api, house.base_url)


def _listening(house: House) -> hooks.HookOptions:
    """What listens to what providers tell of messages. Raises SetupError: a key that is none."""
    given = house.settings.hooks
    return hooks.HookOptions(
        build_hooks(hook_keys(house.settings), content_of(house), own_keys(house.settings)),
        HearRules(given.soft_bounces),
        house.metrics.provider_event,
        house.base_url,
    )


def _limits(house: House) -> Limits | None:
    """How many calls a second a workspace may make; None where they are not counted."""
    given = house.settings.limits
    if not given.enabled:
        return None
    a_second: dict[Kind, int] = {
        "app": given.app_per_second,
        "send": given.sends_per_second,
        "track": given.track_per_second,
        "in_app": given.in_app_per_second,
    }
    return Limits(house.store, a_second)
