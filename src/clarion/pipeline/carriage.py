# SPDX-License-Identifier: Apache-2.0
"""What a message has that the account in use does not carry, or lacks that it does not have; for the review. Pure."""

from collections.abc import Iterable, Iterator

from clarion.channels.registry import Sending
from clarion.domain.attachments import AttachedFile
from clarion.domain.broadcasts import EmailContent
from clarion.rendering.addresses import split_list


def left_behind(content: EmailContent, sending: Sending) -> Iterator[tuple[str, str]]:
    """The fields of a message, and why this account would not send them as they are meant.

    Addresses that are known only when it is rendered count as one.
    """
    able, name = sending.capabilities, sending.provider
    if content.made_of_parts is not None:
        if able.needs_sender and not content.parts.get("from", "").strip():
            account = name if sending.account in ("", name) else f"{name} ({sending.account})"
            yield "from", f"nobody it is from: name a number here, or in {account} a sender for all messages"
        return
    if content.amp.strip() and not able.amp:
        yield "amp", f"{name} carries no AMP part: leave it empty, or send through another provider"
    most = able.most_recipients
    copies = {"cc": len(split_list(content.cc)), "bcc": 0 if content.fake_bcc else len(split_list(content.bcc))}
    if most is not None and 1 + sum(copies.values()) > most:
        where = max(copies, key=lambda field: copies[field])
        yield where, f"{name} takes {most} recipients of a message, this one has {1 + sum(copies.values())}"
    for header, _ in content.headers:
        if header.lower() in able.own_headers:
            yield f"headers/{header}", f"{name} gives a message this header itself, and takes no other"


def files_refused(files: Iterable[AttachedFile], sending: Sending) -> Iterator[str]:
    """Why this account would refuse messages with these attachments."""
    for one in files:
        _, dot, ending = one.name.lower().rpartition(".")
        if dot and ending in sending.capabilities.refused_files:
            yield f"{sending.provider} takes no files that end in .{ending}: {one.name}"
