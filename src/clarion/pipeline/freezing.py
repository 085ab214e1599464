# SPDX-License-Identifier: Apache-2.0
"""What a trigger sends, taken together in the transaction that accepts it. Reads only."""

from clarion.domain.broadcasts import Broadcast, FrozenContent, freeze
from clarion.store import snippets, topics, url_params
from clarion.store.access import Workspace
from clarion.store.engine import Transaction


def frozen(tx: Transaction, workspace: Workspace, broadcast: Broadcast) -> FrozenContent:
    """The broadcast's actions with the workspace's snippets, URL parameters and its topic, as they are now."""
    texts = {snippet.name: snippet.value for snippet in snippets.listing(tx, workspace)}
    topic = topics.get(tx, workspace, broadcast.topic_id) if broadcast.topic_id is not None else None
    return freeze(broadcast, texts, topic, url_params.of_workspace(tx, workspace.workspace_id))
