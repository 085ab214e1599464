# SPDX-License-Identifier: Apache-2.0
"""Stage 2, resolve: who is in the audience, frozen into the ledger before anything is sent.

Reads people in ranges of their key up to the last one that existed when the trigger was accepted (or the
people named one by one, in their order), and whether they match the conditions of the trigger's actions. Commits,
one transaction a range: the accounts, the slices over them, their counters and the checkpoint. If the process dies,
the next holder of the lease goes on behind the last committed range: nobody is left out, nobody is in twice, and of
nobody is a condition asked again. A data file is staged first, in stretches with a checkpoint of their own, so that a
line that names nobody can fail the trigger before anyone is sent anything. What comes next is read while another
thread commits what was read before; commits never change places.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog

from clarion.domain.broadcasts import FrozenContent
from clarion.domain.errors import Unavailable, detail_of
from clarion.domain.triggers import Selector
from clarion.pipeline import staging
from clarion.pipeline.accounts import accounts_of, slices_of
from clarion.pipeline.behind import Behind
from clarion.pipeline.data_file import DataFileError, Line, lines
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.gather import Gathered, gathering
from clarion.pipeline.naming import Named
from clarion.pipeline.receive import ENDED_EARLY
from clarion.store import access, ledger, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.ledger import SliceRange
from clarion.store.slices import LostLease
from clarion.store.triggers import LineError, Trigger

_log = structlog.get_logger("clarion.resolve")
_PAUSES_MS = (10_000, 30_000, 60_000, 120_000, 300_000)
_ANALYZE_FROM = 5_000
_LOOK_SECONDS = 0.5
_AT_ONCE = 4

Download = Callable[[str, Path], Awaitable[DownloadedFile]]
SubmitSlices = Callable[[Transaction, int, Iterable[int]], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much at once: people a range, people a slice, lines a stretch."""

    range_people: int = 20_000
    slice_people: int = 2000
    file_lines: int = 5_000


class _StoppingError(Exception):
    """This process is stopping; what is committed stays."""


class Resolver:
    """Works triggers' audiences out, one call one trigger."""

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        files: Path,
        download: Download,
        submit: SubmitSlices,
        lease_ms: int,
        sizes: Sizes | None = None,
        failpoint: Failpoint = nothing,
    ) -> None:
        self._store = store
        self._owner = owner
        self._files = files
        self._download = download
        self._submit = submit
        self._lease_ms = lease_ms
        self._sizes = sizes or Sizes()
        self._failpoint = failpoint
        self._stopping = threading.Event()
        # Of its own: a large audience keeps a thread for a minute, and sending must not wait for one.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resolve")
        self._storing = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="stage")
        self._busy = 0

    def stop(self) -> None:
        """Stop behind the range at work; the lease is given back, so another worker goes on at once."""
        self._stopping.set()

    def _check_stopping(self) -> None:
        if self._stopping.is_set():
            raise _StoppingError

    async def run_once(self, trigger_id: int = 0) -> bool:
        """Resolve a trigger (any that waits, for 0) to its end; False when there was none to take.

        May be called again meanwhile: several are resolved at once, so that a small one does not wait for a large one.
        """
        if self._busy >= _AT_ONCE:
            return False
        self._busy += 1
        try:
            trigger = await asyncio.to_thread(
                self._store.write, lambda tx: triggers.hold(tx, self._owner, self._lease_ms, trigger_id)
            )
            if trigger is not None:
                await self._resolve(trigger)
        finally:
            self._busy -= 1
        return trigger is not None

    async def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments))

    async def _resolve(self, trigger: Trigger) -> None:
        try:
            if trigger.selector is Selector.STREAM and not trigger.file_done:
                await self._in_thread(staging.abandon, self._store, trigger, ENDED_EARLY, self._lease_ms)
            elif trigger.selector is not Selector.DATA_FILE or await self._stage_file(trigger):
                await self._in_thread(self._freeze_all, trigger)
        except _StoppingError:
            await asyncio.to_thread(self._store.write, partial(triggers.release, trigger=trigger))
        except LostLease as lost:
            _log.info("resolve.lease_lost", trigger_id=trigger.trigger_id, why=str(lost))
        except Unavailable:
            raise  # nothing can be written down now; the lease runs out
        except Exception as error:  # noqa: BLE001 - a full disk, a defect: tried again with pauses, and said aloud
            _log.exception("resolve.failed", trigger_id=trigger.trigger_id)
            unexpected = DataFileError(f"internal error: {detail_of(error)}", temporary=True)
            await asyncio.to_thread(self._store.write, partial(self._give_up, trigger=trigger, error=unexpected))

    # -- the data file ------------------------------------------------------------------------------------

    async def _stage_file(self, trigger: Trigger) -> bool:
        """Fetch the file and store its lines as entries; False when the trigger failed or was put off."""
        if not trigger.file_done:
            path = self._files / f"trigger-{trigger.trigger_id}.{trigger.resolve_fence}.jsonl"
            try:
                file = await self._fetch(trigger, path)
                await self._in_thread(self._stage_lines, trigger, file)
            except DataFileError as error:
                give_up = partial(self._give_up, trigger=trigger, error=error)
                await asyncio.to_thread(self._store.write, give_up)
                return False
            finally:
                path.unlink(missing_ok=True)
        current = self._current(trigger)
        if not current.missing:
            return True
        failure = f"{current.missing} lines of the data file do not name a person"
        await asyncio.to_thread(self._store.write, lambda tx: triggers.fail(tx, current, failure))
        return False

    async def _fetch(self, trigger: Trigger, path: Path) -> DownloadedFile:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_behind in path.parent.glob(f"*trigger-{trigger.trigger_id}.*"):  # by a process that was killed
            left_behind.unlink(missing_ok=True)
        url = str(trigger.echo[Selector.DATA_FILE.value])
        download = asyncio.ensure_future(self._download(url, path))
        renewed = time.monotonic()
        try:
            while True:
                done, _ = await asyncio.wait({download}, timeout=_LOOK_SECONDS)
                if done:
                    return download.result()
                self._check_stopping()
                if time.monotonic() - renewed < self._lease_ms / 4_000:
                    continue
                renewed = time.monotonic()
                renew = partial(triggers.renew, trigger=trigger, lease_ms=self._lease_ms)
                kept = await asyncio.to_thread(self._store.write, renew)
                if not kept:
                    raise LostLease("the download took too long, or the trigger was stopped")
        finally:
            if not download.done():
                download.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await download

    @staticmethod
    def _give_up(tx: Transaction, trigger: Trigger, error: DataFileError) -> None:
        """Try again after a pause, if that may help; a trigger of which somebody is in the ledger never fails."""
        begun = (triggers.get(tx, trigger.trigger_id) or trigger).next_seq > 1
        if begun or (error.temporary and trigger.resolve_tries < len(_PAUSES_MS)):
            delay_ms = _PAUSES_MS[min(trigger.resolve_tries, len(_PAUSES_MS) - 1)]
            _log.warning("trigger.put_off", trigger_id=trigger.trigger_id, why=str(error), delay_ms=delay_ms)
            triggers.put_off(tx, trigger, delay_ms, f"{error}; trying again")
        else:
            _log.warning("trigger.failed", trigger_id=trigger.trigger_id, why=str(error))
            triggers.fail(tx, trigger, str(error), LineError(None, str(error)))

    def _stage_lines(self, trigger: Trigger, file: DownloadedFile) -> None:
        if trigger.file_sha256 != file.sha256:
            if not self._store.write(lambda tx: triggers.begin_file(tx, trigger, file.sha256, self._lease_ms)):
                raise LostLease("another worker stages this file")
            trigger = self._current(trigger)
        workspace = self._workspace(trigger)
        rest = lines(file.path, offset=trigger.file_offset, line_no=trigger.file_line)
        done = False
        # A stretch is read and its people are looked up while the one before it is stored.
        with Behind(self._storing) as behind:
            while not done:
                self._check_stopping()
                stretch, done = staging.take(rest, self._sizes.file_lines, trigger.file_offset)
                named = staging.name(self._store, trigger, workspace, stretch)
                behind.start(partial(self._keep_lines, trigger, named, stretch, done))
                trigger = staging.moved(trigger, named, stretch)

    def _keep_lines(self, trigger: Trigger, named: Named, stretch: list[Line], done: bool) -> None:
        keep = partial(staging.keep, trigger=trigger, named=named, stretch=stretch, done=done, lease_ms=self._lease_ms)
        if not self._store.write(keep):
            raise LostLease("another worker stages this file")
        self._failpoint("resolve.file_staged")

    # -- the ledger ---------------------------------------------------------------------------------------

    def _freeze_all(self, trigger: Trigger) -> None:
        """Range after range until the audience is complete. Blocking; runs in a thread."""
        content = self._store.read(partial(triggers.content, content_hash=trigger.content_hash))
        trigger = self._current(trigger)
        workspace = self._workspace(trigger)
        gather = gathering(self._store, workspace, trigger, self._sizes.range_people, content.actions)
        ranges = 0
        # A range is gathered while the one before it is written.
        with Behind(self._storing) as behind:
            while True:
                self._check_stopping()
                gathered = gather(trigger)
                people = len(gathered.person_ids)
                if people or gathered.reached > trigger.resolved_to:
                    slices = slices_of(trigger, people, self._sizes.slice_people)
                    behind.start(partial(self._freeze_range, trigger, content, gathered, slices))
                    ranges += 1
                    if ranges == 1 and trigger.next_seq == 1 and people >= _ANALYZE_FROM:
                        behind.finish()
                        self._store.write(ledger.analyze)
                    trigger = replace(
                        trigger,
                        resolved_to=gathered.reached,
                        next_seq=trigger.next_seq + people,
                        next_slice=trigger.next_slice + len(slices),
                    )
                if gathered.reached >= trigger.resolve_until:
                    break
        if ranges > 1:
            self._store.write(ledger.analyze)
        if not self._store.write(partial(triggers.finish_resolve, trigger=trigger)):
            raise LostLease("the trigger was stopped or taken")
        _log.info("trigger.resolved", trigger_id=trigger.trigger_id)

    def _freeze_range(
        self, trigger: Trigger, content: FrozenContent, gathered: Gathered, slices: Sequence[SliceRange]
    ) -> None:
        plain, accounts = accounts_of(trigger.next_seq, content.actions, gathered)

        def freeze(tx: Transaction) -> None:
            ledger.freeze(
                tx,
                trigger,
                accounts,
                slices,
                resolved_to=gathered.reached,
                next_seq=trigger.next_seq + len(gathered.person_ids),
                lease_ms=self._lease_ms,
                plain=plain,
            )
            self._submit(tx, trigger.trigger_id, [part.no for part in slices])
            self._failpoint("resolve.before_commit")

        self._store.write(freeze)
        self._failpoint("resolve.after_commit")

    def _current(self, trigger: Trigger) -> Trigger:
        current = self._store.read(lambda tx: triggers.get(tx, trigger.trigger_id))
        if current is None or current.resolve_fence != trigger.resolve_fence:
            raise LostLease("another worker holds the trigger")
        return current

    def _workspace(self, trigger: Trigger) -> Workspace:
        workspace = self._store.read(lambda tx: access.workspace(tx, trigger.workspace_id))
        if workspace is None:
            raise LostLease("the workspace is gone")
        return workspace
