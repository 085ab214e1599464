# SPDX-License-Identifier: Apache-2.0
"""A workspace that a trigger can be played in: people, broadcasts, calls, resolvers and workers, and the sums."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clarion.channels.base import Deliverer
from clarion.domain.broadcasts import Broadcast, BroadcastState, DoubtPolicy, EmailContent
from clarion.domain.deliveries import DeliveryKey, State
from clarion.domain.people import Person
from clarion.domain.triggers import UNFINISHED, parse
from clarion.pipeline.accept import Accepted, Limits, SubmitResolve, accept
from clarion.pipeline.compose import Sign
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.domains import DomainLimits
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.meter import UNMETERED, Meter
from clarion.pipeline.resolve import Download, Resolver, Sizes
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.send import SendStage
from clarion.pipeline.worker import Worker, WorkerRules, new_owner
from clarion.store import broadcasts, ledger, people, segments, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Store, Transaction
from clarion.store.jobs import Jobs
from clarion.store.numbers import PersonNumbers
from clarion.store.triggers import Trigger

SIGN = Sign(b"s" * 32, "https://clarion.test")
UNLIMITED = Limits(interval_ms=0, queue=1_000)
LEASE = 60_000
MAIL = EmailContent(subject="Hello {{ customer.id }}", body="<p>Hi</p>", sender="Acme <news@acme.test>")
NO_PAUSES = RetryPolicy((0.0, 0.0))


class Broken(BaseException):
    """What a test's failpoint raises: the end of a process; nothing in the code may catch it."""


def breaking_at(name: str, passing: int = 1) -> Failpoint:
    """A failpoint that raises `Broken` at the n-th passing of a name."""
    passed: Counter[str] = Counter()

    def check(reached: str) -> None:
        passed[reached] += 1
        if reached == name and passed[name] == passing:
            raise Broken(f"{name}:{passing}")

    return check


async def no_download(url: str, target: Path) -> DownloadedFile:
    raise DataFileError("nothing is downloaded here")


async def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Ask again and again, off the event loop, until the answer is yes."""
    never = asyncio.Event()
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(holds):
            with suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), 0.02)


@dataclass
class Stage:
    """`submitted`: the slices that resolvers asked to be sent."""

    store: Store
    workspace: Workspace
    folder: Path
    submitted: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = PersonNumbers(self.store)

    # -- who and what ------------------------------------------------------------------------------------

    def person(self, name: str, email: str | None = "", **attributes: Any) -> int:
        """Somebody with this id; their address is ``<id>@x.test`` unless said otherwise."""
        (number,) = self._numbers.take(self.workspace.workspace_id)
        address = f"{name}@x.test" if email == "" else email
        made = Person(number, name, address, attributes, {}, 0)
        self.store.write(lambda tx: people.insert(tx, self.workspace, [made]))
        return number

    def crowd(self, count: int, first: int = 1) -> list[int]:
        """People ``p1``, ``p2`` and so on."""
        taken = self._numbers.take(self.workspace.workspace_id, count)
        made = [Person(n, f"p{no}", f"p{no}@x.test", {}, {}, 0) for no, n in enumerate(taken, start=first)]
        self.store.write(lambda tx: people.insert(tx, self.workspace, made))
        return taken

    def segment(self, members: Iterable[int]) -> int:
        def work(tx: Transaction) -> int:
            made = segments.create(tx, self.workspace, "Some", "")
            segments.add(tx, made.segment_id, sorted(members))
            return made.segment_id

        return self.store.write(work)

    def delete(self, person_id: int) -> None:
        self.store.write(lambda tx: people.delete(tx, person_id))

    def change(self, person_id: int, name: str, email: str | None, **attributes: Any) -> None:
        """Store this person anew."""
        made = Person(person_id, name, email, attributes, {}, 0)
        self.store.write(lambda tx: people.update(tx, self.workspace, made))

    def broadcast(
        self,
        *contents: EmailContent,
        recipients: dict[str, Any] | None = None,
        policy: DoubtPolicy = DoubtPolicy.HOLD,
        to_unsubscribed: Sequence[bool] = (),
        conditions: Sequence[dict[str, Any]] = (),
        state: BroadcastState = BroadcastState.RUNNING,
    ) -> Broadcast:
        """A broadcast with an e-mail action for each content, or one for none."""
        actions = contents or (MAIL,)

        def work(tx: Transaction) -> Broadcast:
            made = broadcasts.create(tx, self.workspace, "Spring", recipients=recipients or {}, doubt_policy=policy)
            for no, content in enumerate(actions):
                also = to_unsubscribed[no] if no < len(to_unsubscribed) else False
                condition = conditions[no] if no < len(conditions) else None
                broadcasts.add_action(tx, made, f"Mail {no}", content, send_to_unsubscribed=also, condition=condition)
            broadcasts.set_state(tx, made.broadcast_id, state)
            stored = broadcasts.get(tx, self.workspace, made.broadcast_id)
            assert stored is not None
            return stored

        return self.store.write(work)

    # -- calls -------------------------------------------------------------------------------------------

    def accept(
        self,
        broadcast: Broadcast | int,
        body: Mapping[str, Any] | None = None,
        *,
        limits: Limits = UNLIMITED,
        submit: SubmitResolve = lambda _, __: None,
    ) -> Accepted:
        broadcast_id = broadcast if isinstance(broadcast, int) else broadcast.broadcast_id
        request = parse(dict(body or {}))
        return self.store.write(
            lambda tx: accept(tx, self.workspace, broadcast_id, request, limits=limits, submit=submit)
        )

    def trigger(
        self, broadcast: Broadcast | int, body: Mapping[str, Any] | None = None, jobs: Jobs | None = None
    ) -> int:
        """An accepted trigger; `jobs` is told of it, nobody for None."""
        submit: SubmitResolve = jobs.submit_resolve if jobs is not None else lambda _, __: None
        accepted = self.accept(broadcast, body, submit=submit)
        assert not accepted.refused
        return accepted.trigger_id

    def stop(self, broadcast: Broadcast) -> None:
        self.store.write(lambda tx: triggers.stop_all(tx, broadcast.broadcast_id))
        self.store.write(lambda tx: triggers.rush_stopped(tx, broadcast.broadcast_id))

    # -- resolving ---------------------------------------------------------------------------------------

    def resolver(
        self,
        *,
        owner: str = "resolver",
        sizes: Sizes | None = None,
        failpoint: Failpoint = nothing,
        download: Download = no_download,
        jobs: Jobs | None = None,
        lease_ms: int = LEASE,
    ) -> Resolver:
        def remember(tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None:
            told = list(numbers)
            tx.after_commit(lambda: self.submitted.extend(told))

        return Resolver(
            self.store,
            owner=owner,
            files=self.folder / "files",
            download=download,
            submit=jobs.submit_slices if jobs is not None else remember,
            lease_ms=lease_ms,
            sizes=sizes,
            failpoint=failpoint,
        )

    def died(self, owner: str = "resolver") -> None:
        """A resolving process is known to be dead: its lease is over."""
        assert self.store.write(lambda tx: triggers.free_held_by(tx, owner))

    # -- working -----------------------------------------------------------------------------------------

    def worker(
        self,
        provider: Deliverer | None,
        jobs: Jobs,
        *,
        routes: Routes | None = None,
        domains: DomainLimits | None = None,
        retry: RetryPolicy = NO_PAUSES,
        rules: WorkerRules | None = None,
        drain_seconds: float = 3.0,
        sizes: Sizes | None = None,
        download: Download = no_download,
        meter: Meter = UNMETERED,
        clock: Callable[[], float] = time.monotonic,
        others: Sequence[Deliverer] = (),
        resolving: Failpoint = nothing,
    ) -> Worker:
        """A worker of this process that looks around often. `resolving`: the failpoints of its resolver."""
        owner = new_owner()
        flights = self.folder / "flights"
        flights.mkdir(parents=True, exist_ok=True)
        return Worker(
            self.store,
            jobs,
            self.resolver(owner=owner, sizes=sizes, jobs=jobs, download=download, failpoint=resolving),
            SendStage(
                *([provider] if provider is not None else []),
                *others,
                retry=retry,
                drain_seconds=drain_seconds,
                clock=clock,
                meter=meter,
                routes=routes,
                domains=domains,
            ),
            owner=owner,
            flights=flights,
            sign=SIGN,
            meter=meter,
            rules=rules
            or WorkerRules(chunk_rows=10, lease_ms=LEASE, reconcile_seconds=0.05, overdue_ms=0, look_seconds=0.05),
        )

    @asynccontextmanager
    async def working(self, *workers: Worker) -> AsyncIterator[asyncio.Event]:
        """Workers at work; they are stopped at the end, and what they raise is raised. Yields the stop."""
        stopping = asyncio.Event()
        running = [asyncio.create_task(worker.run(stopping)) for worker in workers]
        try:
            yield stopping
        finally:
            stopping.set()
            async with asyncio.timeout(20):
                await asyncio.gather(*running)

    async def finished(self, trigger_id: int) -> None:
        """Until the trigger is done, failed, or stopped with everything accounted for."""

        def over() -> bool:
            found = self.get(trigger_id)
            return found.state not in UNFINISHED and found.processed_ms is not None

        await until(over)

    # -- what is on record -------------------------------------------------------------------------------

    def get(self, trigger_id: int) -> Trigger:
        found = self.store.read(lambda tx: triggers.get(tx, trigger_id))
        assert found is not None
        return found

    def rows(self, trigger_id: int) -> list[Row]:
        return self.store.read(lambda tx: ledger.page(tx, trigger_id, after=None, most=10**6))

    def keys(self, trigger_id: int) -> list[DeliveryKey]:
        return [DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"])) for row in self.rows(trigger_id)]

    def errors(self, trigger_id: int) -> list[str]:
        return [sentence for _, sentence in self.store.read(lambda tx: triggers.errors(tx, trigger_id, 0, 10**6))]

    def select(self, text: str, **parameters: object) -> list[Row]:
        """Look where no function of ours looks."""
        return self.store.read(lambda tx: tx.composed(text, parameters))

    def slices(self, trigger_id: int) -> list[tuple[int, int, int]]:
        """(no, lo, hi) of the trigger's slices."""
        rows = self.select("SELECT no, lo, hi FROM slice WHERE trigger_id = :t ORDER BY no", t=trigger_id)
        return [(int(row["no"]), int(row["lo"]), int(row["hi"])) for row in rows]

    def sent(self, trigger_id: int) -> int:
        """How many were sent so far, as the counters say; may be asked while the trigger runs."""
        counted = self.store.read(lambda tx: ledger.counts(tx, trigger_id))
        return sum(n for _, state, _, n in counted if state is State.SENT)

    def sums(self, trigger_id: int) -> dict[str, int]:
        """How many accounts stand in each state, as ``state`` or ``state reason``, after checking every sum.

        Counters and rows agree, nobody is missing or in twice, slices cover the audience without a gap. For a
        trigger that nobody works on: the figures are read one after the other.
        """
        trigger, rows = self.get(trigger_id), self.rows(trigger_id)
        content = self.store.read(lambda tx: triggers.content(tx, trigger.content_hash))
        actions = [action.action_id for action in content.actions]
        assert [(row["seq"], row["action_id"]) for row in rows] == [
            (seq, action_id) for seq in range(1, trigger.audience + 1) for action_id in sorted(actions)
        ]
        of_rows = Counter(
            (int(row["action_id"]), State(row["state"]), str(row["reason"] or "") if row["state"] else "")
            for row in rows
        )
        counted = self.store.read(lambda tx: ledger.counts(tx, trigger_id))
        assert {(action_id, state, reason): n for action_id, state, reason, n in counted} == dict(of_rows)
        once = Counter((row["person_id"], row["action_id"]) for row in rows if row["reason"] != "duplicate")
        assert set(once.values()) <= {1}
        covered = [seq for _, lo, hi in self.slices(trigger_id) for seq in range(lo, hi + 1)]
        assert covered == list(range(1, trigger.audience + 1))
        found: Counter[str] = Counter()
        for (_, state, reason), n in of_rows.items():
            found[f"{state.word} {reason}".strip()] += n
        assert found.total() == trigger.audience * len(actions)
        return dict(found)
