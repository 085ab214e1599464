# SPDX-License-Identifier: Apache-2.0
"""Stage 5, send: hand the messages of an open chunk to the provider, and note how far each one got.

Reads the chunk, commits nothing. Each step is noted in the flight record before or as it happens: a message is
marked as handed over before the other side could accept it, and as answered when the answer is here. If the
process dies, the record tells them apart; only a message that is marked without an answer is in doubt, so
at most one per open connection.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Set
from typing import Any

import structlog

from clarion.channels.base import Provider
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import SendError, detail_of
from clarion.domain.messages import EmailMessage
from clarion.pipeline import verdict
from clarion.pipeline.claim import Chunk
from clarion.pipeline.compose import Messages
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.lease import Lease
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.verdict import Verdict
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.send")


class SendStage:
    """Sends chunks through one provider; several slots of a process share it."""

    def __init__(
        self,
        provider: Provider,
        *,
        retry: RetryPolicy,
        drain_seconds: float = 3.0,
        failpoint: Failpoint = nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._provider = provider
        self._retry = retry
        self._drain_seconds = drain_seconds
        self._failpoint = failpoint
        self._connections = asyncio.Semaphore(provider.capabilities.connections)

    async def send(
        self,
        trigger_id: int,
        chunk: Chunk,
        messages: Messages,
        record: FlightRecord,
        *,
        doubt: DoubtPolicy,
        suppressed: Set[int],
        lease: Lease,
        stopping: asyncio.Event,
    ) -> list[Outcome]:
        """One outcome per account that was settled; after `stopping` the untouched ones have none.

        Nothing is handed over once `lease` has ended: another worker may have the slice. `suppressed`: people of the
        chunk who are gone because they were suppressed.
        """
        outcomes: list[Outcome] = []
        rows = iter(enumerate(chunk.rows))
        began = self._clock()
        over = False  # nobody waits for this chunk any more

        def may_send() -> bool:
            return lease.holds and not over and not stopping.is_set()

        async def work(rows: Iterator[tuple[int, Row]]) -> None:
            for index, row in rows:
                if not may_send():
                    return
                key = DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"]))
                made = _composed(messages, key, row, int(row["person_id"]) in suppressed)
                if isinstance(made, Outcome):
                    outcomes.append(made)
                    # Skipped and unrenderable people must not keep the loop from its other work.
                    await asyncio.sleep(0)
                    continue
                self._failpoint("send.composed")
                said = await self._hand_over(index, made, record, may_send)
                if said is None:
                    return
                outcomes.append(
                    verdict.outcome(
                        key,
                        said,
                        attempts=int(row["attempts"]),
                        now_ms=chunk.now_ms + int((self._clock() - began) * 1_000),
                        retry=self._retry,
                        doubt=doubt,
                        recipient=made.recipient,
                    )
                )

        tasks = [
            asyncio.create_task(work(rows))
            for _ in range(min(self._provider.capabilities.connections, len(chunk.rows)))
        ]

        def give_up() -> None:
            nonlocal over
            over = True
            for task in tasks:
                task.cancel()  # a hand-over that is cut off says by itself that it is in doubt

        await self._finish(tasks, stopping, give_up)
        return outcomes

    async def _finish(
        self, tasks: list[asyncio.Task[None]], stopping: asyncio.Event, give_up: Callable[[], None]
    ) -> None:
        """Wait for the senders; after `stopping` only as long as draining may take."""
        stop = asyncio.create_task(stopping.wait())
        everything = asyncio.gather(*tasks)
        try:
            waiting: set[asyncio.Future[Any]] = {everything, stop}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not everything.done():
                await asyncio.wait(tasks, timeout=self._drain_seconds)
                give_up()
            await everything
        finally:
            stop.cancel()
            give_up()  # after a defect: nobody may go on with a chunk that is about to be let go
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hand_over(
        self, index: int, message: EmailMessage, record: FlightRecord, may_send: Callable[[], bool]
    ) -> Verdict | None:
        """How the hand-over ended; None: it certainly did not begin, because we are stopping or the lease ended."""
        handed = False

        def handed_over() -> None:
            nonlocal handed
            record.mark(index, Mark.HANDED_OVER)
            handed = True
            self._failpoint("send.handed_over")

        try:
            async with self._connections:
                if not may_send():  # a connection may have been long in coming
                    return None
                receipt = await self._provider.send(message, handed_over=handed_over)
            said = Verdict(Mark.SENT, receipt.words)
        except SendError as error:
            said = verdict.of_error(error)
        except asyncio.CancelledError:
            if not handed:
                return None
            said = Verdict(Mark.HANDED_OVER, "stopped before the answer came", Reason.NO_ANSWER)
        except Exception as error:  # noqa: BLE001 - a defect in a provider must not lose the chunk
            _log.exception("provider.crashed", provider=self._provider.name)
            words = f"internal error: {detail_of(error)}"
            said = Verdict(Mark.HANDED_OVER, words, Reason.NO_ANSWER) if handed else Verdict(Mark.TEMPORARY, words)
        record.mark(index, said.mark, said.words)
        self._failpoint("send.answered")
        return said


def _composed(messages: Messages, key: DeliveryKey, row: Row, suppressed: bool) -> EmailMessage | Outcome:
    try:
        return messages.compose(key, row, suppressed)
    except Exception as error:  # noqa: BLE001 - one person's odd data must not keep the chunk from its end
        _log.exception("compose.crashed", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)
        return Outcome(key, State.FAILED, Reason.RENDER_FAILED, f"internal error: {detail_of(error)}")
