# SPDX-License-Identifier: Apache-2.0
"""What composing makes and a provider is given: a finished message to one person."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from clarion.domain.attachments import Attachment
from clarion.domain.broadcasts import Method
from clarion.domain.push import PushDevice

EmailForm = Literal["mime", "fields", "both"]


@dataclass(frozen=True, slots=True)
class EmailFields:
    """The parts of an e-mail, for providers that put it together themselves.

    Addresses are as headers show them (``Name <a@b>``), checked; `headers` are (name, value) without the ones
    that have a field, with Message-ID and List-Unsubscribe.
    """

    subject: str
    html: str
    plain: str
    sender: str
    recipient: str
    reply_to: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    amp: str = ""


class EmailMessage(NamedTuple):
    """One e-mail, ready to hand over.

    `content` is the RFC 5322 message, CRLF line ends, no dot-stuffing. `sender` and `recipient` are the
    envelope addresses (RFC 5321 reverse- and forward-path), without angle brackets. `delivery_id` is the
    public id, unique per person and action, the same on every attempt. `subject` is kept for lists.
    `needs_smtputf8`: an address has a non-ASCII local part (RFC 6531). `workspace_id`: whose message it
    is; None for one that belongs to no workspace. `fields`: the same message in parts, where the provider asks
    for them, and `content` empty unless it asks for both. `wire_ready`: whoever made the content saw to it that
    all its line ends are CRLF, the last line has one, and no line begins with a dot, so that SMTP need not look
    for them.
    """

    delivery_id: str
    sender: str
    recipient: str
    subject: str
    content: bytes
    copies: tuple[str, ...] = ()  # further envelope recipients: cc and bcc
    needs_smtputf8: bool = False
    workspace_id: int | None = None
    fields: EmailFields | None = None
    wire_ready: bool = False


@dataclass(frozen=True, slots=True)
class CallMessage:
    """One webhook's call, ready to be made; `url` and `headers` are ASCII, checked. See `EmailMessage` for the rest."""

    delivery_id: str
    url: str
    method: Method
    headers: tuple[tuple[str, str], ...]
    body: str
    workspace_id: int | None = None

    @property
    def recipient(self) -> str:
        """Where it goes."""
        return self.url

    @property
    def subject(self) -> str:
        """What lists show of it."""
        return f"{self.method.value.upper()} {self.url}"


@dataclass(frozen=True, slots=True)
class PartsMessage:
    """One message of a channel whose provider puts it together: its rendered texts by the names of `domain.channels`.

    `recipient` is where it goes, as the provider wants it; `subject` what lists show of it. `devices`: those that it
    goes to, of a channel that goes to devices; the recipient names them.
    """

    delivery_id: str
    channel: str
    recipient: str
    subject: str
    parts: dict[str, str]
    workspace_id: int | None = None
    devices: tuple[PushDevice, ...] = ()


Message = EmailMessage | CallMessage | PartsMessage
"""A finished message of any channel. Kept as JSON the first is a list, the others objects, the last with a channel."""
