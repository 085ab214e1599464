# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key`: a call that sends is carried out once, however often it arrives.

This is a state path.

Read: what a call with this key was answered. Committed, in the one transaction that makes the trigger: the answer.
Crash: before the commit nothing happened, and the repeat does it; after it, the repeat gets the answer that the first
call may never have seen. Two at once: one of them meets the other's row, runs again and finds the answer.
A call that is refused made nothing, is not remembered, and may be repeated with the same key.
"""

from collections.abc import Callable
from hashlib import sha256

from starlette.responses import Response

from clarion.api.calls import Call
from clarion.domain.errors import MalformedRequest
from clarion.store import calls
from clarion.store.calls import Answered
from clarion.store.engine import Transaction

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY = 255


def key_of(call: Call) -> str:
    """The key, "" for none.

    Raises:
        MalformedRequest: longer than 255 characters, or not printable ASCII.
    """
    key = call.request.headers.get(HEADER, "")
    if len(key) > MAX_KEY or not (key.isascii() and (key.isprintable() or not key)):
        raise MalformedRequest(f"the Idempotency-Key must be at most {MAX_KEY} printable ASCII characters")
    return key


async def once(call: Call, body: bytes, work: Callable[[Transaction], Response]) -> Response:
    """Run `work`, which makes something and says what to answer; for a repeated key its first answer instead.

    Raises:
        Conflict: the key belongs to another call.
        MalformedRequest: see `key_of`.
    """
    key = key_of(call)
    if not key:
        return await call.api.write(work)
    request = call.request
    whole = sha256(f"{request.method} {request.scope['path']}\n".encode())
    whole.update(body)
    call_hash = whole.hexdigest()

    def keyed(tx: Transaction) -> Response:
        found = calls.find(tx, call.workspace, key, call_hash)
        if found is not None:
            return Response(
                found.answer,
                found.status,
                headers={REPLAYED: "true"},
                media_type="application/json; charset=utf-8",
            )
        made = work(tx)
        told = Answered(made.status_code, bytes(made.body).decode())
        calls.remember(tx, call.workspace, key, call_hash, told)
        return made

    return await call.api.write(keyed)
