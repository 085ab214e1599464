# SPDX-License-Identifier: Apache-2.0
"""What ``campaign.*`` and ``message.*`` show in a message of any channel (contract §13.3)."""

from dataclasses import dataclass

from clarion.domain.topics import Topic
from clarion.domain.url_params import Params

TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True)
class Campaign:
    """What ``campaign.*`` shows. A `TRANSACTIONAL` one's messages carry no offer to unsubscribe in their headers.

    `url_params`: what is added to links; `own_topic`: that of the message, in place of the broadcast's."""

    id: int
    name: str
    type: str = "triggered_broadcast"
    topic: Topic | None = None
    url_params: Params = ()
    own_topic: Topic | None = None

    def shown(self) -> dict[str, object]:
        """The names below ``campaign``."""
        return {"id": self.id, "name": self.name, "type": self.type, "subscription_topic_ids": _numbers(self.topic)}

    def message(self, message_id: int, name: str, kind: str, *, send_to_unsubscribed: bool) -> dict[str, object]:
        """The names below ``message`` of one of its messages; `kind` is the action's (``email``)."""
        topic = self.own_topic or self.topic
        translations = topic.translations if topic else {}
        names = {language.lower(): told.name for language, told in translations.items()}
        return {
            "id": message_id,
            "name": name,
            "type": f"{kind}_action",
            "send_to_unsubs": send_to_unsubscribed,
            "journey_id": "",
            "subscription_topic_ids": _numbers(topic),
            "subscription_topic": {"name": topic.name if topic else "", "names": names},
        }


def _numbers(topic: Topic | None) -> list[int]:
    return [topic.topic_id] if topic else []
