# SPDX-License-Identifier: Apache-2.0
"""Where a message's bounces go: an address of its own (variable envelope return path), made of its delivery id.

In base32, because some mail servers write local parts in small letters. Signed, as the delivery id is.
"""

import base64
import binascii
import re

_ID = re.compile(r"[a-z2-7]{39}")
_PUBLIC_ID = 32  # characters of a delivery id
_WITH_COPIES = "-c"


def own_bounce_address(mailbox: str, delivery_id: str, *, copies: bool) -> str:
    """``bounces@example.com`` and the id make ``bounces+<id>@example.com``; a test's id makes nothing.

    `copies`: the message goes to others too, so that what comes back may be about one of them.
    """
    local, _, domain = mailbox.rpartition("@")
    if len(delivery_id) != _PUBLIC_ID:
        return mailbox
    name = base64.b32encode(base64.urlsafe_b64decode(delivery_id)).decode().rstrip("=").lower()
    return f"{local}+{name}{_WITH_COPIES if copies else ''}@{domain}"


def bounced(address: str) -> tuple[str, bool] | None:
    """The delivery id in such an address and whether the message had copies; None for any other address.

    Nothing is said of whether the id is one of ours.
    """
    found = address.rpartition("@")[0].rpartition("+")[2].lower()
    name = found.removesuffix(_WITH_COPIES)
    if not _ID.fullmatch(name):
        return None
    try:
        raw = base64.b32decode(name.upper() + "=")
    except binascii.Error:
        return None
    return base64.urlsafe_b64encode(raw).decode(), name != found
