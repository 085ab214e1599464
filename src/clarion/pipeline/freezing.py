# SPDX-License-Identifier: Apache-2.0
"""What a trigger sends, taken together in the transaction that accepts it. Reads only."""

from clarion.domain.broadcasts import Broadcast, FrozenContent, freeze
from clarion.store import snippets, topics, url_params
from clarion.store.access import Workspace
from clarion.store.engine import Transaction


def frozen(tx: Transaction, workspace: Workspace, broadcast: Broadcast) -> FrozenContent:
    """The broadcast's actions with the workspace's snippets, URL parameters and their topics, as they are now."""
    texts = {snippet.name: snippet.value for snippet in snippets.listing(tx, workspace)}
    known = {topic.topic_id: topic for topic in topics.listing(tx, workspace)}
    params = url_params.of_workspace(tx, workspace.workspace_id)
    return freeze(broadcast, texts, known.get(broadcast.topic_id or 0), params, known.values())
