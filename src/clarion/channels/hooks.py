# SPDX-License-Identifier: Apache-2.0
"""The one visible list of providers that tell what became of messages, and what each is checked by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from clarion.channels.hook import Hook
from clarion.channels.mailgun_events import mailgun_hook
from clarion.channels.postmark_events import postmark_hook
from clarion.channels.resend_events import resend_hook
from clarion.channels.sendgrid_events import sendgrid_hook
from clarion.channels.ses_events import ses_hook
from clarion.channels.sns import Fetch
from clarion.channels.twilio_events import twilio_hook
from clarion.domain.errors import SetupError


@dataclass(frozen=True, slots=True)
class HookKeys:
    """How calls are told to be genuine; "" where there is nothing to tell it by. See `settings.default.toml`."""

    mailgun_key: str = field(repr=False)
    postmark_login: str = field(repr=False)
    resend_secret: str = field(repr=False)
    sendgrid_key: str
    ses_topic: str
    twilio_tokens: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """An account whose event webhook is told to be genuine by a key of its own: it has an address of its own."""

    account: str
    provider: str
    key: str = field(repr=False)


def build_hooks(keys: HookKeys, fetch: Fetch, own: Sequence[OwnKey] = ()) -> Mapping[str, Hook | None]:
    """What reads each provider's calls; None: nothing tells which are genuine, so none is read. Raises SetupError.

    Postmark signs nothing, so its secret URL is enough, and Amazon's signatures need no key of ours.
    """
    makers: Mapping[str, Callable[[str], Hook]] = {
        "mailgun": mailgun_hook,
        "postmark": postmark_hook,
        "resend": resend_hook,
        "sendgrid": sendgrid_hook,
        "ses": partial(ses_hook, fetch=fetch),
    }
    for one in own:
        if one.provider not in makers:
            raise SetupError(f"settings: accounts.{one.account}: an account of {one.provider} has no hook_key")
    return {**_of_providers(keys, fetch), **{one.account: makers[one.provider](one.key) for one in own}}


def _of_providers(keys: HookKeys, fetch: Fetch) -> dict[str, Hook | None]:
    return {
        "mailgun": mailgun_hook(keys.mailgun_key) if keys.mailgun_key else None,
        "postmark": postmark_hook(keys.postmark_login),
        "resend": resend_hook(keys.resend_secret) if keys.resend_secret else None,
        "sendgrid": sendgrid_hook(keys.sendgrid_key) if keys.sendgrid_key else None,
        "ses": ses_hook(keys.ses_topic, fetch),
        "twilio": twilio_hook(keys.twilio_tokens) if keys.twilio_tokens else None,
    }


def ready_hooks(keys: HookKeys, own: Sequence[OwnKey] = ()) -> Mapping[str, bool]:
    """Whether there is what tells which of a provider's calls are genuine."""
    return {
        "mailgun": bool(keys.mailgun_key),
        "postmark": True,
        "resend": bool(keys.resend_secret),
        "sendgrid": bool(keys.sendgrid_key),
        "ses": True,
        "twilio": bool(keys.twilio_tokens),
        **{one.account: True for one in own},
    }
