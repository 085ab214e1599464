# SPDX-License-Identifier: Apache-2.0
"""The one visible list of providers that tell what became of messages, and what each is checked by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clarion.channels.hook import Hook
from clarion.channels.mailgun_events import mailgun_hook
from clarion.channels.postmark_events import postmark_hook
from clarion.channels.resend_events import resend_hook
from clarion.channels.sendgrid_events import sendgrid_hook
from clarion.channels.ses_events import ses_hook
from clarion.channels.sns import Fetch
from clarion.channels.twilio_events import twilio_hook


@dataclass(frozen=True, slots=True)
class HookKeys:
    """How calls are told to be genuine; "" where there is nothing to tell it by. See `settings.default.toml`."""

    mailgun_key: str = field(repr=False)
    postmark_login: str = field(repr=False)
    resend_secret: str = field(repr=False)
    sendgrid_key: str
    ses_topic: str
    twilio_tokens: tuple[str, ...] = field(default=(), repr=False)


def build_hooks(keys: HookKeys, fetch: Fetch) -> Mapping[str, Hook | None]:
    """What reads each provider's calls; None: nothing tells which are genuine, so none is read. Raises SetupError.

    Postmark signs nothing, so its secret URL is enough, and Amazon's signatures need no key of ours.
    """
    return {
        "mailgun": mailgun_hook(keys.mailgun_key) if keys.mailgun_key else None,
        "postmark": postmark_hook(keys.postmark_login),
        "resend": resend_hook(keys.resend_secret) if keys.resend_secret else None,
        "sendgrid": sendgrid_hook(keys.sendgrid_key) if keys.sendgrid_key else None,
        "ses": ses_hook(keys.ses_topic, fetch),
        "twilio": twilio_hook(keys.twilio_tokens) if keys.twilio_tokens else None,
    }


def ready_hooks(keys: HookKeys) -> Mapping[str, bool]:
    """Whether there is what tells which of a provider's calls are genuine."""
    return {
        "mailgun": bool(keys.mailgun_key),
        "postmark": True,
        "resend": bool(keys.resend_secret),
        "sendgrid": bool(keys.sendgrid_key),
        "ses": True,
        "twilio": bool(keys.twilio_tokens),
    }
