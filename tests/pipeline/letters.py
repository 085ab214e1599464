# SPDX-License-Identifier: Apache-2.0
"""Actions, compiled messages and accounts as the ledger hands them out, without a database."""

from typing import Any

from clarion.domain.broadcasts import (
    Action,
    Broadcast,
    BroadcastState,
    DoubtPolicy,
    EmailContent,
    SendingState,
    freeze,
)
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.messages import EmailForm
from clarion.pipeline.compiling import NO_FILES, Files
from clarion.pipeline.compose import Messages, Sign

SECRET = b"k" * 32
SIGN = Sign(SECRET, "https://clarion.test")
MAIL = EmailContent(subject="Hi {{customer.first_name}}", body="<p>Hello</p>", sender="Acme <news@acme.test>")
KEY = DeliveryKey(5, 9, 1)


def action(content: EmailContent, **others: Any) -> Action:
    usual: dict[str, Any] = {
        "action_id": 1,
        "broadcast_id": 3,
        "name": "Mail",
        "kind": "email",
        "sending_state": SendingState.AUTOMATIC,
        "send_to_unsubscribed": False,
    }
    return Action(**{**usual, **others}, content=content, created_ms=0, updated_ms=0)


def messages(
    *actions: Action,
    data: dict[str, Any] | None = None,
    snippets: dict[str, str] | None = None,
    at: float = 0.0,
    form: EmailForm = "mime",
    files: Files = NO_FILES,
) -> Messages:
    broadcast = Broadcast(3, 1, "Spring", BroadcastState.RUNNING, {}, DoubtPolicy.HOLD, 0, 0, None, (), actions)
    return Messages(freeze(broadcast, snippets or {}), data or {}, SIGN, form=form, files=files, clock=lambda: at)


def row(**others: Any) -> dict[str, Any]:
    usual = {
        "seq": 9,
        "action_id": 1,
        "person_id": 77,
        "attempts": 0,
        "attempted_ms": None,
        "outlet": None,
        "reason": None,
        "alive": 77,
        "id": "p9",
        "email": "ann@x.test",
        "unsubscribed": 0,
        "attributes": '{"first_name":"Ann"}',
        "data": None,
    }
    return {**usual, **others}
