# SPDX-License-Identifier: Apache-2.0
"""The providers that the settings name, built."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from clarion.channels import registry
from clarion.channels.base import Deliverer
from clarion.channels.hooks import HookKeys, build_hooks
from clarion.channels.in_app import Keep
from clarion.channels.public_addresses import may_be_public
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.channels import CHANNELS
from clarion.domain.messages import PartsMessage
from clarion.domain.provider_events import hook_url
from clarion.pipeline.erasure import BlankMail
from clarion.settings import Settings
from clarion.store import access, in_app
from clarion.wiring.house import House

ALL_CHANNELS = ("email", "webhook", *CHANNELS)
_OURS = frozenset({"provider", "per_second"})  # settings of a channel that are none of its provider


def build_provider(house: House) -> Deliverer:
    """The e-mail provider that the settings name.

    Raises:
        SetupError: its options are wrong.
    """
    return build_provider_of(house, "email")


def build_provider_of(house: House, channel: str) -> Deliverer:
    """The provider of a channel that the settings name.

    Raises:
        SetupError: its options are wrong.
    """
    return registry.build(*_options(house.settings, channel, house.outbox_folder, _keeper(house), _where(house)))


def build_providers(house: House) -> tuple[Deliverer, ...]:
    """Those of all channels, that of e-mail first.

    Raises:
        SetupError: the options of one are wrong.
    """
    return tuple(build_provider_of(house, channel) for channel in ALL_CHANNELS)


def sending(house: House, provider: Deliverer) -> tuple[registry.Sending, ...]:
    """What may be told of each channel's provider; `provider` is that of e-mail, built already."""
    found, where = [], _where(house)
    for channel in ALL_CHANNELS:
        name, options = _options(house.settings, channel, house.outbox_folder, _keeper(house), where)
        built = provider if channel == "email" else registry.build(name, options)
        found.append(registry.sending(name, options, built.capabilities))
    return tuple(found)


def doubt_policy(provider: Deliverer) -> DoubtPolicy:
    """What a new broadcast does about doubt: repeat only where the provider itself refuses to send twice."""
    return DoubtPolicy.RESEND if provider.capabilities.recognises_repeats else DoubtPolicy.HOLD


def check_providers(settings: Settings) -> None:
    """Build the providers that the settings name, for nothing else; without an event loop.

    Raises:
        SetupError: its options are wrong.
    """

    def kept(messages: Sequence[PartsMessage]) -> frozenset[str]:
        raise AssertionError(messages)

    async def make() -> None:
        folder = Path(settings.data.dir) / "outbox"
        for channel in ALL_CHANNELS:
            await registry.build(*_options(settings, channel, folder, kept, lambda _: "")).close()

    async def nothing(url: str, most_bytes: int) -> bytes:
        raise AssertionError(url, most_bytes)

    build_hooks(hook_keys(settings), nothing)
    asyncio.run(make())


def hook_keys(settings: Settings) -> HookKeys:
    """By what the events of providers are known to be theirs."""
    given = asdict(settings.hooks)
    given["twilio_token"] = given["twilio_token"] or str(settings.twilio.get("auth_token", ""))
    return HookKeys(**{name: value for name, value in given.items() if name != "soft_bounces"})


def provider_of(settings: Settings, channel: str) -> str:
    """The provider of a channel, by its name."""
    name: str = getattr(settings, channel).provider
    return name


def _keeper(house: House) -> Keep:
    """What keeps messages for apps, in our own database."""
    return lambda messages: house.store.write(partial(in_app.keep, messages=messages))


def _where(house: House) -> Callable[[str], str]:
    """Where a provider tells what becomes of messages; "" while nobody elsewhere can reach us."""
    if not may_be_public(house.base_url):
        return lambda _: ""
    return lambda name: hook_url(house.base_url, name, house.store.write(access.installation_secret))


def _options(
    settings: Settings, channel: str, outbox_folder: Path, keep: Keep, where: Callable[[str], str]
) -> tuple[str, dict[str, object]]:
    """The provider of a channel and how it is set: by the section that is named after it."""
    name = provider_of(settings, channel)
    if name == "outbox":
        return name, {"directory": outbox_folder, "channel": channel}
    if name == "in_app":
        return name, {"keep": keep, "channel": channel}
    if name == channel:  # its settings stand beside the choice
        return name, {key: value for key, value in asdict(getattr(settings, channel)).items() if key not in _OURS}
    options: dict[str, object] = dict(getattr(settings, name))
    if registry.serves_several(name):
        options["channel"] = channel
    if registry.asks_where(name):
        options["status_callback"] = where(name)
    return name, options


def blank_mail_of(house: House) -> BlankMail:
    """What takes a person out of the captured mail, on this machine."""

    def blank(workspace_id: int, delivery_ids: Collection[str], addresses: Collection[str]) -> int:
        return registry.blank_captured(
            house.outbox_folder, workspace_id, delivery_ids=delivery_ids, addresses=addresses
        )

    return blank
