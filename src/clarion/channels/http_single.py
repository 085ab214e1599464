# SPDX-License-Identifier: Apache-2.0
"""What the dialects of services share that take one message in a call."""

from collections.abc import Sequence

from yarl import URL

from clarion.channels.http_delivery import Batch, Headers


class SingleDialect:
    """See `http_delivery.Dialect`, of which `encode` and `read` are the vendor's own."""

    most_messages = 1
    sealed = templated = True

    def __init__(self, url: URL) -> None:
        self.single = self.many = url

    def batch(self) -> Batch:
        """There is none."""
        raise NotImplementedError

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers | None:  # noqa: ARG002
        """It is JSON, no more."""
        return None
