# SPDX-License-Identifier: Apache-2.0
"""What ``campaign.*`` and ``message.*`` show in a message of any channel (contract §13.3)."""

from dataclasses import dataclass

from clarion.domain.topics import Topic
from clarion.domain.url_params import Params

TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True)
class Campaign:
    """What ``campaign.*`` shows. A `TRANSACTIONAL` one's messages carry no offer to unsubscribe in their headers.

    `url_params`: what is added to links."""

    id: int
    name: str
    type: str = "triggered_broadcast"
    topic: Topic | None = None
    url_params: Params = ()

    def shown(self) -> dict[str, object]:
        """The names below ``campaign``."""
        return {"id": self.id, "name": self.name, "type": self.type, "subscription_topic_ids": self._topic_ids()}

    def message(self, message_id: int, name: str, kind: str, *, send_to_unsubscribed: bool) -> dict[str, object]:
        """The names below ``message`` of one of its messages; `kind` is the action's (``email``)."""
        translations = self.topic.translations if self.topic else {}
        names = {language.lower(): told.name for language, told in translations.items()}
        return {
            "id": message_id,
            "name": name,
            "type": f"{kind}_action",
            "send_to_unsubs": send_to_unsubscribed,
            "journey_id": "",
            "subscription_topic_ids": self._topic_ids(),
            "subscription_topic": {"name": self.topic.name if self.topic else "", "names": names},
        }

    def _topic_ids(self) -> list[int]:
        return [self.topic.topic_id] if self.topic else []
