# SPDX-License-Identifier: Apache-2.0
"""What the dialects of services share that take one message in a call."""

from collections.abc import Sequence

from yarl import URL

from clarion.channels.http_delivery import Headers
from clarion.domain.messages import Message


class SingleDialect:
    """See `http_delivery.Dialect`, of which `encode` and `read` are the vendor's own."""

    most_messages = 1

    def __init__(self, url: URL, most_bytes: int) -> None:
        self.single = self.many = url
        self.most_bytes = most_bytes

    def join(self, parts: Sequence[bytes]) -> bytes:
        """Of one."""
        return parts[0]

    def goes_alone(self, message: Message) -> bool:  # noqa: ARG002 - each does
        """Each does."""
        return True

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers | None:  # noqa: ARG002
        """It is JSON, no more."""
        return None
