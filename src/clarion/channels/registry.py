# SPDX-License-Identifier: Apache-2.0
"""The one visible list of providers, and of the options each takes from a file or the environment."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clarion.channels.base import Capabilities, Deliverer, Outbox
from clarion.channels.in_app import InAppProvider
from clarion.channels.mailgun import MailgunSettings, mailgun
from clarion.channels.outbox import FILE_NAME, OutboxProvider, OutboxReader, folder_of
from clarion.channels.outbox_removal import blank, drop_before
from clarion.channels.person import PersonProvider
from clarion.channels.postmark import PostmarkSettings, postmark
from clarion.channels.push import PushSettings, push
from clarion.channels.resend import ResendSettings, resend
from clarion.channels.sendgrid import SendGridSettings, sendgrid
from clarion.channels.ses import SesSettings, ses
from clarion.channels.slack import SlackSettings, slack
from clarion.channels.smtp import SmtpProvider, SmtpSettings
from clarion.channels.twilio import TwilioSettings, twilio
from clarion.channels.webhook import WebhookProvider, WebhookSettings
from clarion.domain.channels import SENT
from clarion.domain.errors import SetupError
from clarion.domain.outlets import Terms
from clarion.domain.person_actions import PERSON_ACTIONS

_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _whole(value: object) -> int:
    try:
        if isinstance(value, str | int) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise ValueError("a whole number")


def _seconds(value: object) -> float:
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return float(value)
    except ValueError:
        pass
    raise ValueError("a number of seconds")


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise ValueError("true or false")


def _directory(value: object) -> Path:
    if isinstance(value, Path) or (isinstance(value, str) and value):
        return Path(value)
    raise ValueError("a directory")


def _callable(value: object) -> Callable[..., object]:
    if not callable(value):
        raise ValueError("something to call")
    return value


def _smtp(**options: Any) -> Deliverer:
    return SmtpProvider(SmtpSettings(**options))


def _postmark(**options: Any) -> Deliverer:
    return postmark(PostmarkSettings(**options))


def _mailgun(**options: Any) -> Deliverer:
    return mailgun(MailgunSettings(**options))


def _resend(**options: Any) -> Deliverer:
    return resend(ResendSettings(**options))


def _sendgrid(**options: Any) -> Deliverer:
    return sendgrid(SendGridSettings(**options))


def _ses(**options: Any) -> Deliverer:
    return ses(SesSettings(**options))


def _push(**options: Any) -> Deliverer:
    return push(PushSettings(**options))


def _slack(**options: Any) -> Deliverer:
    return slack(SlackSettings(**options))


def _twilio(**options: Any) -> Deliverer:
    return twilio(TwilioSettings(**options))


def _webhook(**options: Any) -> Deliverer:
    return WebhookProvider(WebhookSettings(**options))


@dataclass(frozen=True, slots=True)
class _Entry:
    channels: tuple[str, ...]
    make: Callable[..., Deliverer]
    options: Mapping[str, Callable[[object], object]]
    required: tuple[str, ...]
    secret: tuple[str, ...] = ()
    given: tuple[str, ...] = ()  # options that are no settings: wiring puts them in


@dataclass(frozen=True, slots=True)
class Setting:
    """An option of a provider as anybody may see it. `value` is None for a secret, of which one sees whether it is
    `given`."""

    name: str
    value: str | None
    given: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """An account by which a channel's messages go: at which provider, what that can do, how it is set, which others
    there are, and its limits by the settings."""

    provider: str
    capabilities: Capabilities
    settings: tuple[Setting, ...]
    others: tuple[str, ...]
    account: str
    terms: Terms


_OVER_HTTP: Mapping[str, Callable[[object], object]] = {
    "connections": _whole,
    "timeout": _seconds,
    "url": _text,
    "ca_file": _text,
}

PROVIDERS: Mapping[str, _Entry] = {
    "in_app": _Entry(
        ("in_app", "inbox_message"),
        InAppProvider,
        {"keep": _callable, "channel": _text},
        ("keep",),
        given=("keep", "channel"),
    ),
    "mailgun": _Entry(
        ("email",),
        _mailgun,
        {"domain": _text, "api_key": _text, **_OVER_HTTP},
        ("domain", "api_key"),
        ("api_key",),
    ),
    "outbox": _Entry(
        ("email", "webhook", *SENT), OutboxProvider, {"directory": _directory, "channel": _text}, ("directory",)
    ),
    "person": _Entry(
        tuple(PERSON_ACTIONS),
        PersonProvider,
        {"act": _callable, "channel": _text},
        ("act", "channel"),
        given=("act", "channel"),
    ),
    "postmark": _Entry(
        ("email",),
        _postmark,
        {"token": _text, "stream": _text, "batch": _whole, **_OVER_HTTP},
        ("token",),
        ("token",),
    ),
    "push": _Entry(
        ("push",),
        _push,
        {
            "fcm_credentials": _text,
            "apns_key": _text,
            "apns_key_id": _text,
            "apns_team_id": _text,
            "apns_topic": _text,
            "apns_sandbox": _switch,
            "connections": _whole,
            "timeout": _seconds,
            "ca_file": _text,
            "fcm_url": _text,
            "apns_url": _text,
        },
        (),
    ),
    "resend": _Entry(
        ("email",), _resend, {"api_key": _text, "batch": _whole, **_OVER_HTTP}, ("api_key",), ("api_key",)
    ),
    "sendgrid": _Entry(
        ("email",), _sendgrid, {"api_key": _text, "batch": _whole, **_OVER_HTTP}, ("api_key",), ("api_key",)
    ),
    "ses": _Entry(
        ("email",),
        _ses,
        {
            "region": _text,
            "access_key_id": _text,
            "secret_access_key": _text,
            "session_token": _text,
            "configuration_set": _text,
            "batch": _whole,
            **_OVER_HTTP,
        },
        ("region", "access_key_id", "secret_access_key"),
        ("access_key_id", "secret_access_key", "session_token"),
    ),
    "slack": _Entry(("slack",), _slack, {"token": _text, **_OVER_HTTP}, ("token",), ("token",)),
    "smtp": _Entry(
        ("email",),
        _smtp,
        {
            "host": _text,
            "port": _whole,
            "security": _text,
            "username": _text,
            "password": _text,
            "verify": _switch,
            "ca_file": _text,
            "helo": _text,
            "bounce_address": _text,
            "connections": _whole,
            "timeout": _seconds,
            "max_messages_per_connection": _whole,
            "max_refusals_per_connection": _whole,
            "allow_clear_login": _switch,
        },
        ("host",),
        ("username", "password"),  # a name that one signs in with is often a key
    ),
    "twilio": _Entry(
        ("sms", "whatsapp"),
        _twilio,
        {
            "account_sid": _text,
            "auth_token": _text,
            "key_sid": _text,
            "key_secret": _text,
            "sender": _text,
            "channel": _text,
            "status_callback": _text,
            **_OVER_HTTP,
        },
        ("account_sid",),
        ("auth_token", "key_secret"),
        ("status_callback",),
    ),
    "webhook": _Entry(
        ("webhook",),
        _webhook,
        {
            "timeout": _seconds,
            "connections": _whole,
            "per_host": _whole,
            "allow_private_addresses": _switch,
            "ca_file": _text,
        },
        (),
    ),
}


def serves_several(name: str) -> bool:
    """Whether a provider is built for one of several channels, with the option `channel`."""
    return name in PROVIDERS and len(PROVIDERS[name].channels) > 1


def asks_where(name: str) -> bool:
    """Whether each message to a provider says where it tells of it, by the option `status_callback`."""
    return name in PROVIDERS and "status_callback" in PROVIDERS[name].options


def build(name: str, options: Mapping[str, object]) -> Deliverer:
    """The provider of that name. Raises SetupError: unknown name or option, wrong type, missing or bad value.

    Numbers and switches may come as text, as they do from the environment.
    """
    entry = PROVIDERS.get(name)
    if entry is None:
        raise SetupError(f"there is no provider {name!r}; there are: {', '.join(sorted(PROVIDERS))}")
    values: dict[str, object] = {}
    for option, value in options.items():
        kind = entry.options.get(option)
        if kind is None:
            known = ", ".join(sorted(entry.options))
            raise SetupError(f"{name}: there is no option {option!r}; there are: {known}")
        try:
            values[option] = kind(value)
        except ValueError as error:
            # The value stays out of the sentence: it could be a password.
            raise SetupError(f"{name}: {option} must be {error}") from None
    for option in entry.required:
        if option not in values:
            raise SetupError(f"{name}: {option} is missing")
    return entry.make(**values)


def sending(
    name: str,
    options: Mapping[str, object],
    capabilities: Capabilities,
    *,
    account: str = "",
    terms: Terms | None = None,
) -> Sending:
    """What may be told of an account; without a name it has that of its provider."""
    entry = PROVIDERS[name]
    return Sending(
        name,
        capabilities,
        tuple(
            Setting(option, None if option in entry.secret else _shown(options.get(option)), bool(options.get(option)))
            for option in entry.options
            if option not in entry.given
        ),
        tuple(
            other
            for other, known in sorted(PROVIDERS.items())
            if other != name and capabilities.channel in known.channels
        ),
        account or name,
        terms or Terms(),
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def captured_mail(directory: Path, workspace_id: int) -> Outbox:
    """What the outbox provider captured of a workspace's mail."""
    return OutboxReader(folder_of(directory, workspace_id))


def blank_captured(
    directory: Path, workspace_id: int, *, delivery_ids: Collection[str], addresses: Collection[str]
) -> int:
    """Blank what was captured of these deliveries or went to these addresses; how many messages."""
    return blank(folder_of(directory, workspace_id) / FILE_NAME, delivery_ids, addresses)


def drop_captured(directory: Path, before_ms: int) -> int:
    """Remove mail captured before a time, of all workspaces; how many bytes."""
    return sum(drop_before(file, before_ms) for file in sorted(directory.glob(f"**/{FILE_NAME}")))
