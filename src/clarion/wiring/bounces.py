# SPDX-License-Identifier: Apache-2.0
"""The mailbox of bounces, put together."""

from dataclasses import asdict
from functools import partial

from clarion.channels import bounce_mail
from clarion.channels.mailbox import Mailbox, MailboxError, MailboxSettings
from clarion.domain.deliveries import key_of
from clarion.pipeline import bouncing
from clarion.pipeline.hear import HearRules
from clarion.settings import Settings
from clarion.tracking.hooks import unsubscribe
from clarion.wiring.house import House


def mailbox_of(settings: Settings) -> MailboxSettings | None:
    """The mailbox that the settings name, None where they name none.

    Raises:
        SetupError: it cannot be meant.
    """
    given = asdict(settings.bounces)
    del given["every_seconds"]
    return MailboxSettings(**given) if settings.bounces.host else None


def bounces_of(house: House, secret: bytes) -> bouncing.Bounces | None:
    """How the mailbox is read. Raises SetupError like `mailbox_of`."""
    mailbox = mailbox_of(house.settings)
    if mailbox is None:
        return None
    return bouncing.Bounces(
        mailbox.name,
        open=partial(Mailbox, mailbox),
        read=partial(bounce_mail.read, is_ours=lambda delivery_id: key_of(delivery_id, secret) is not None),
        failures=MailboxError,
        rules=HearRules(house.settings.hooks.soft_bounces, signed=False),
        unsubscribe=unsubscribe,
        secret=secret,
        every_seconds=house.settings.bounces.every_seconds,
        count=house.metrics.provider_event,
    )
