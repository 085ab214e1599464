# SPDX-License-Identifier: Apache-2.0
"""Topics that people subscribe to (contract §7.10)."""

import msgspec

from clarion.domain.topics import Topic, TopicText
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode


def _topic(row: Row) -> Topic:
    return Topic(
        int(row["topic_id"]),
        str(row["name"]),
        str(row["description"]),
        bool(row["subscribed_by_default"]),
        msgspec.json.decode(row["translations"], type=dict[str, TopicText]),
    )


def listing(tx: Transaction, workspace: Workspace) -> list[Topic]:
    """Every topic of a workspace, oldest first."""
    return [_topic(row) for row in tx.all("topics", workspace_id=workspace.workspace_id, topic_id=0)]


def get(tx: Transaction, workspace: Workspace, topic_id: int) -> Topic | None:
    """One topic."""
    rows = tx.all("topics", workspace_id=workspace.workspace_id, topic_id=topic_id) if topic_id else []
    return _topic(rows[0]) if rows else None


def create(tx: Transaction, workspace: Workspace, wanted: Topic) -> int:
    """A new topic; its number."""
    topic_id = numbers.take(tx, "topic")
    tx.execute("insert_topic", topic_id=topic_id, **_columns(workspace, wanted))
    return topic_id


def update(tx: Transaction, workspace: Workspace, changed: Topic) -> None:
    """Store its texts and its default."""
    tx.execute("update_topic", topic_id=changed.topic_id, **_columns(workspace, changed))


def delete(tx: Transaction, workspace: Workspace, topic_id: int) -> None:
    """Remove a topic that no broadcast has. What people said about it stays among their attributes."""
    tx.execute("delete_topic", workspace_id=workspace.workspace_id, topic_id=topic_id)


def _columns(workspace: Workspace, topic: Topic) -> dict[str, object]:
    return {
        "workspace_id": workspace.workspace_id,
        "name": topic.name,
        "description": topic.description,
        "subscribed_by_default": int(topic.subscribed_by_default),
        "translations": encode(topic.translations),
    }
