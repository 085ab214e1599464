# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers: the one that a channel's own section names, and those of `[accounts.…]`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion.channels.registry import PROVIDERS
from clarion.domain.errors import SetupError
from clarion.domain.outlets import Terms, check_name, parse_ramp

_TABLE = "accounts"
_PREFIX = "ACCOUNTS_"
_TEXTS = frozenset({"channel", "provider", "ramp", "hook_key"})
_NUMBERS: Mapping[str, type[int] | type[float]] = {"per_second": float, "per_day": int}


@dataclass(frozen=True, slots=True)
class Account:
    """`options` go to its provider, which checks them; None: they stand where those of a channel's own provider do.

    `hook_key`: what tells that a call of its event webhook is genuine, where it has one of its own.
    """

    channel: str
    name: str
    provider: str
    terms: Terms
    options: Mapping[str, Any] | None = field(default=None, repr=False)
    hook_key: str = field(default="", repr=False)


def of_environment(wanted: str) -> tuple[str, str] | None:
    """The account and the option that a variable's name means, without the prefix of all: ACCOUNTS_SES_EU_REGION."""
    if not wanted.startswith(_PREFIX):
        return None
    rest = wanted.removeprefix(_PREFIX)
    known = {option for entry in PROVIDERS.values() for option in entry.options} | _TEXTS | set(_NUMBERS)
    for option in sorted(known, key=len, reverse=True):
        name = rest.removesuffix(f"_{option}".upper())
        if name and name != rest:
            return name.lower().replace("_", "-"), option
    return None


def merge(values: dict[str, Any], given: Mapping[str, Any], source: str) -> None:
    """Take over the accounts of a file."""
    for name, options in given.items():
        if not isinstance(options, dict):
            raise SetupError(f"{source}: accounts.{name} must be a table: [accounts.{name}]")
        values.setdefault(name, {}).update(options)


def named(given: Mapping[str, Mapping[str, Any]]) -> list[Account]:
    """Those of the tables, in the order of the file.

    Raises:
        SetupError: one that cannot be; what its provider makes of the options is seen when it is built.
    """
    return [_account(name, options) for name, options in given.items()]


def _account(name: str, options: Mapping[str, Any]) -> Account:
    check_name(name)
    where = f"settings: {_TABLE}.{name}"
    if name in PROVIDERS:
        raise SetupError(f"{where}: it has the name of a provider; that is the account of the provider's own table")
    for wanted in ("channel", "provider"):
        if not options.get(wanted):
            raise SetupError(f"{where}: {wanted} is missing")
    texts = {key: options.get(key, "") for key in _TEXTS}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise SetupError(f"{where}: {key} must be a text")
    provider, channel = texts["provider"], texts["channel"]
    serving = {other: entry.channels for other, entry in PROVIDERS.items() if other not in ("in_app", "person")}
    known = sorted(other for other, channels in serving.items() if channel in channels)
    if not known:
        every = ", ".join(sorted({one for channels in serving.values() for one in channels}))
        raise SetupError(f"{where}: there is no channel {channel!r} with accounts; there are: {every}")
    if provider not in known:
        there = ", ".join(known)
        raise SetupError(f"{where}: there is no provider {provider!r} of channel {channel!r}; there are: {there}")
    terms = terms_of(where, options)
    rest = {key: value for key, value in options.items() if key not in _TEXTS and key not in _NUMBERS}
    return Account(channel, name, provider, terms, rest, texts["hook_key"])


def terms_of(where: str, options: Mapping[str, Any]) -> Terms:
    """The limits of an account. Raises SetupError."""
    found: dict[str, Any] = {}
    for key, kind in _NUMBERS.items():
        try:
            found[key] = kind(options.get(key, 0))
        except (TypeError, ValueError):
            raise SetupError(f"{where}: {key} must be a number") from None
        if not 0 <= found[key] <= 10**9:
            raise SetupError(f"{where}: {key} must be a number from 0 to 1,000,000,000")
    ramp = str(options.get("ramp", ""))
    try:
        parse_ramp(ramp)
    except ValueError as error:
        raise SetupError(f"{where}: ramp must be {error}") from None
    return Terms(ramp=ramp, **found)


def in_order(channel: str, own: Account, others: Sequence[Account], order: str) -> list[Account]:
    """A channel's accounts as they are asked: as `order` names them, else the channel's own provider and the others.

    Captured mail is for trying out: where there are accounts, the outbox is one of them only if it is named.
    """
    mine = [one for one in others if one.channel == channel]
    if not order.strip():
        return mine if mine and own.provider == "outbox" else [own, *mine]
    known = {one.name: one for one in (own, *mine)}
    names = [name.strip() for name in order.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise SetupError(f"settings: {channel}.accounts names {name!r}; there are: {', '.join(known)}")
    if len(set(names)) < len(names):
        raise SetupError(f"settings: {channel}.accounts names one twice")
    return [known[name] for name in names]
