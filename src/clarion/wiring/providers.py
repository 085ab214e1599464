# SPDX-License-Identifier: Apache-2.0
"""The providers that the settings name, built."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path

from clarion.channels import registry
from clarion.channels.base import Deliverer
from clarion.channels.hooks import HookKeys, OwnKey, build_hooks
from clarion.channels.in_app import Keep
from clarion.channels.person import Act
from clarion.channels.public_addresses import may_be_public
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import Permanent, SetupError
from clarion.domain.messages import PartsMessage
from clarion.domain.outlets import UNPLACED
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.provider_events import hook_url
from clarion.pipeline.acting import Acting, Failures
from clarion.pipeline.domains import DomainLimits
from clarion.pipeline.erasure import BlankMail
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.permits import permits_of
from clarion.settings import Account, Settings
from clarion.store import access, in_app, outlets
from clarion.store import domain_limits as limits_of_domains
from clarion.store.numbers import PersonNumbers
from clarion.wiring.bounces import mailbox_of
from clarion.wiring.house import House
from clarion.wiring.machines import machine_rules

ALL_CHANNELS = ("email", "webhook", *CHANNELS)
_OF_THE_CHANNEL = frozenset(
    {"provider", "per_second", "per_day", "ramp", "accounts", "per_domain"}
)  # not its provider's


@dataclass(frozen=True, slots=True)
class _Ours:
    """What providers do that go nowhere but into our own database; `where` the others tell what becomes of messages."""

    keep: Keep
    act: Act
    where: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Built:
    """An account at a provider, ready to send."""

    account: Account
    provider: Deliverer


def build_provider_of(house: House, channel: str, name: str = "") -> Deliverer:
    """The provider of a channel's first account, or of one by its name.

    Raises:
        SetupError: its options are wrong, or there is none of that name.
    """
    for account in house.settings.accounts_of(channel):
        if not name or account.name == name:
            return registry.build(account.provider, _options(house, account))
    raise SetupError(f"{channel} has no account {name!r}")


def build_providers(house: House) -> tuple[Built, ...]:
    """All accounts of all channels, each channel's in the order in which they are asked.

    Raises:
        SetupError: the options of one are wrong.
    """
    return tuple(Built(one, registry.build(one.provider, _options(house, one))) for one in _accounts(house.settings))


def build_outlets(house: House, built: Sequence[Built]) -> tuple[Outlet, ...]:
    """The accounts as senders see them, with their numbers in the database; inside the event loop that will send."""

    def outlet(one: Built, place: int) -> Outlet:
        account = one.account
        number = house.store.write(partial(outlets.register, channel=account.channel, name=account.name))
        return Outlet(
            one.provider,
            time.monotonic,
            house.metrics,
            outlet_id=number,
            name=account.name,
            terms=replace(account.terms, place=UNPLACED + place),
            permits_for=partial(permits_of, house.store, f"{account.channel}/{account.name}"),
        )

    return tuple(outlet(one, place) for place, one in enumerate(built))


def domain_limits(house: House) -> DomainLimits:
    """The limits of recipients' domains; inside the event loop that will send."""
    return DomainLimits(
        house.settings.per_domain,
        lambda domain, most: permits_of(house.store, f"email/@{domain}", most),
        changed=house.store.read(limits_of_domains.changed),
    )


def sending(house: House) -> tuple[registry.Sending, ...]:
    """What may be told of the accounts, each channel's in the order of the settings."""
    found = []
    for account in _accounts(house.settings):
        if account.channel in PERSON_ACTIONS:  # there is nothing to be chosen
            continue
        options = _options(house, account)
        able = registry.build(account.provider, options).capabilities
        found.append(registry.sending(account.provider, options, able, account=account.name, terms=account.terms))
    return tuple(found)


def doubt_policy(told: Sequence[registry.Sending]) -> DoubtPolicy:
    """What a new broadcast does about doubt: repeat only where each account itself refuses to send an e-mail twice."""
    mail = [one.capabilities for one in told if one.capabilities.channel == "email"]
    return DoubtPolicy.RESEND if all(one.recognises_repeats for one in mail) else DoubtPolicy.HOLD


def check_providers(settings: Settings) -> None:
    """Build the providers of all accounts that the settings name, for nothing else; without an event loop.

    Raises:
        SetupError: the options of one are wrong.
    """

    def kept(messages: Sequence[PartsMessage]) -> frozenset[str]:
        raise AssertionError(messages)

    def performed(messages: Sequence[PartsMessage]) -> dict[str, Permanent]:
        raise AssertionError(messages)

    async def make() -> None:
        ours = _Ours(kept, performed, lambda _: "")
        folder = Path(settings.data.dir) / "outbox"
        for account in _accounts(settings):
            try:
                await registry.build(account.provider, _options_of(settings, account, folder, ours)).close()
            except SetupError as error:
                if account.options is None:
                    raise
                raise SetupError(f"settings: accounts.{account.name}: {error}") from None

    async def nothing(url: str, most_bytes: int) -> bytes:
        raise AssertionError(url, most_bytes)

    build_hooks(hook_keys(settings), nothing, own_keys(settings))
    mailbox_of(settings)
    machine_rules(settings)
    asyncio.run(make())


def hook_keys(settings: Settings) -> HookKeys:
    """By what the events of providers are known to be theirs."""
    given = asdict(settings.hooks)
    tokens = [given.pop("twilio_token"), settings.twilio.get("auth_token")]
    tokens += [one.options.get("auth_token") for one in _accounts(settings) if one.provider == "twilio" and one.options]
    del given["soft_bounces"]
    return HookKeys(**given, twilio_tokens=tuple(dict.fromkeys(str(one) for one in tokens if one)))


def own_keys(settings: Settings) -> list[OwnKey]:
    """Of the accounts whose event webhooks have addresses of their own."""
    return [
        OwnKey(account.name, account.provider, account.hook_key) for account in _accounts(settings) if account.hook_key
    ]


def captures(settings: Settings) -> bool:
    """Whether messages of some channel stay on this machine."""
    return any(account.provider == "outbox" for account in _accounts(settings))


def _accounts(settings: Settings) -> list[Account]:
    return [account for channel in ALL_CHANNELS for account in settings.accounts_of(channel)]


def _options(house: House, account: Account) -> dict[str, object]:
    return _options_of(house.settings, account, house.outbox_folder, _ours(house))


def _ours(house: House) -> _Ours:
    @cache
    def acting() -> Acting:
        return Acting(house.store, PersonNumbers(house.store), house.store.write(access.installation_secret))

    def act(messages: Sequence[PartsMessage]) -> Failures:
        return acting()(messages)

    return _Ours(lambda messages: house.store.write(partial(in_app.keep, messages=messages)), act, _where(house))


def _where(house: House) -> Callable[[str], str]:
    """Where a provider tells what becomes of messages; "" while nobody elsewhere can reach us."""
    if not may_be_public(house.base_url):
        return lambda _: ""
    return lambda name: hook_url(house.base_url, name, house.store.write(access.installation_secret))


def _options_of(settings: Settings, account: Account, outbox_folder: Path, ours: _Ours) -> dict[str, object]:
    """How an account is set: by its own table, or by the one that is named after its provider."""
    name, channel = account.provider, account.channel
    if name == "outbox":
        return {"directory": outbox_folder, "channel": channel}
    if name == "in_app":
        return {"keep": ours.keep, "channel": channel}
    if name == "person":
        return {"act": ours.act, "channel": channel}
    options: dict[str, object]
    if account.options is not None:
        options = dict(account.options)
    elif name == channel:  # its settings stand beside the choice
        return {key: value for key, value in asdict(getattr(settings, channel)).items() if key not in _OF_THE_CHANNEL}
    else:
        options = dict(getattr(settings, name))
    if registry.serves_several(name):
        options["channel"] = channel
    if registry.asks_where(name):
        options["status_callback"] = ours.where(name)
    return options


def blank_mail_of(house: House) -> BlankMail:
    """What takes a person out of the captured mail, on this machine."""

    def blank(workspace_id: int, delivery_ids: Collection[str], addresses: Collection[str]) -> int:
        return registry.blank_captured(
            house.outbox_folder, workspace_id, delivery_ids=delivery_ids, addresses=addresses
        )

    return blank
