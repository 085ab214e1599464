# SPDX-License-Identifier: Apache-2.0
"""Looking whether the domains of workspaces lead here, as somebody who follows a link would find them.

Read: a domain. Committed: how the look went, if it is still the workspace's. Crash: the domain stays as it was known,
and is looked at again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from clarion.domain.errors import InvalidRequest
from clarion.domain.tracking_domains import PROOF_PATH, failure_of
from clarion.pipeline.errands import Errand
from clarion.store import tracking_domains
from clarion.store.engine import Store
from clarion.store.retention import take_turn

Content = Callable[[str, int], Awaitable[bytes]]
"""What a URL serves, at most so many bytes. Raises InvalidRequest: the sentence says why it does not."""
_EVERY_MS = 3_600_000
_MOST_BYTES = 4_096
_DOWNLOADING = "failed to download data file: "  # so says whatever fetches, of whatever
_log = structlog.get_logger("clarion.domains")


async def look(store: Store, workspace_id: int, url: str, fetch: Content, secret: bytes) -> None:
    """Look at one, and write down how that went."""
    try:
        failure = failure_of(await fetch(url + PROOF_PATH, _MOST_BYTES), url, secret)
    except InvalidRequest as error:
        failure = f"it cannot be reached: {str(error).removeprefix(_DOWNLOADING)}"
    if failure is not None:
        _log.warning("domain.leads_elsewhere", workspace=workspace_id, url=url, why=failure)
    await asyncio.to_thread(store.write, lambda tx: tracking_domains.note(tx, workspace_id, url, failure))


def errand(store: Store, fetch: Content, secret: bytes) -> Errand:
    """Every hour, by whichever process comes first."""

    async def turn() -> bool:
        if await asyncio.to_thread(take_turn, store, "tracking domains", _EVERY_MS):
            for workspace_id, url in await asyncio.to_thread(store.read, tracking_domains.in_use):
                await look(store, workspace_id, url, fetch, secret)
        return False

    return Errand("domains", turn, every_seconds=300.0)
