# SPDX-License-Identifier: Apache-2.0
"""What an e-mail uses that the provider in use does not carry, for the review. Pure."""

from collections.abc import Iterator

from clarion.channels.registry import Sending
from clarion.domain.broadcasts import EmailContent
from clarion.rendering.addresses import split_list


def left_behind(content: EmailContent, sending: Sending) -> Iterator[tuple[str, str]]:
    """The fields of an e-mail, and why this provider would not send them as they are meant.

    Addresses that are known only when it is rendered count as one.
    """
    able, name = sending.capabilities, sending.provider
    if content.amp.strip() and not able.amp:
        yield "amp", f"{name} carries no AMP part: leave it empty, or send through another provider"
    most = able.most_recipients
    copies = {"cc": len(split_list(content.cc)), "bcc": len(split_list(content.bcc))}
    if most is not None and 1 + sum(copies.values()) > most:
        where = max(copies, key=lambda field: copies[field])
        yield where, f"{name} takes {most} recipients of a message, this one has {1 + sum(copies.values())}"
    for header, _ in content.headers:
        if header.lower() in able.own_headers:
            yield f"headers/{header}", f"{name} gives a message this header itself, and takes no other"
