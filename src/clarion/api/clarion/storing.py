# SPDX-License-Identifier: Apache-2.0
"""Storing a broadcast: reviewed where it runs, tried again where somebody else was quicker, in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from clarion.api.calls import Api, Call
from clarion.api.clarion.layouts import as_stored, with_layouts
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, Problem
from clarion.domain.goals import Exit
from clarion.domain.short_links import ShortLinks
from clarion.domain.versions import with_contents
from clarion.pipeline.review import Finding, Review, review
from clarion.pipeline.review_quiet import Circumstances, quiet_settings
from clarion.rendering.preparing import with_params
from clarion.rendering.text_links import TextTracker
from clarion.store import (
    attachments,
    broadcasts,
    limits,
    segments,
    snippets,
    topics,
    tracking_domains,
    url_params,
    versions,
)
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_TRIES = 3


class _ChangedMeanwhile(Exception):
    pass


def load(tx: Transaction, workspace: Workspace, broadcast_id: int) -> Broadcast:
    """A broadcast or a transactional message.

    Raises:
        NotFound: there is none by this number.
    """
    found = broadcasts.get(tx, workspace, broadcast_id, None)
    if found is None or found.kind is BroadcastKind.INLINE:
        raise NotFound
    return found


def look(api: Api, workspace: Workspace, broadcast_id: int) -> tuple[Broadcast, Callable[[Broadcast], Review]]:
    """The broadcast, and how to review it or an edit of it: parsing templates holds no transaction open."""

    def read(tx: Transaction) -> tuple[Broadcast, Callable[[Broadcast], Review]]:
        listed = segments.listing(tx, workspace)
        domain = tracking_domains.of_workspace(tx, workspace.workspace_id)
        base_url = domain.url if domain and domain.used else api.options.base_url
        params = url_params.of_workspace(tx, workspace.workspace_id)
        known = Circumstances(
            limits.of_workspace(tx, workspace.workspace_id),
            {one.segment_id: one.name for one in listed if one.progress < 1},
            frozenset(topic.topic_id for topic in topics.listing(tx, workspace)),
            broadcasts.tested(tx, broadcast_id),
        )
        seen = partial(
            review,
            snippets={snippet.name: snippet.value for snippet in snippets.listing(tx, workspace)},
            segment_ids=frozenset(one.segment_id for one in listed),
            segment_kinds={one.segment_id: one.kind for one in listed},
            topic_ids=known.topic_ids,
            sending=api.options.sending,
            limit=known.limit,
            links=TextTracker(ShortLinks(api.secret, base_url)),
        )

        def see(broadcast: Broadcast) -> Review:
            linked = (with_contents(one, lambda content: with_params(content, params)) for one in broadcast.actions)
            found = seen(replace(broadcast, actions=tuple(linked)))
            more = [Finding("tracking_domain", domain.warning)] if domain and domain.warning else []
            return replace(found, warnings=(*found.warnings, *more, *quiet_settings(broadcast, known)))

        return load(tx, workspace, broadcast_id), see

    return api.store.read(read)


def _refuse(findings: tuple[Finding, ...]) -> None:
    if not findings:
        return
    problems = []
    for finding in findings:
        place = f" (line {finding.line}, column {finding.column})" if finding.line is not None else ""
        problems.append(Problem(finding.message + place, f"/{finding.field}"))
    raise InvalidRequest(problems[0].detail, problems[0].pointer, more=tuple(problems[1:]))


def _change(
    call: Call, broadcast_id: int, edit: Callable[[Broadcast], Broadcast], restored_from: int | None
) -> Broadcast:
    """Edit a broadcast, and keep the version that it makes. Blocks.

    A running broadcast must not become one that could not be activated. The review happens between reading
    and saving, so saving looks whether somebody else was quicker, and then all is done again.

    Raises:
        NotFound: no such broadcast in this workspace.
        InvalidRequest: what `edit` raises; or the broadcast runs, or shall run, and would have new problems.
        Conflict: others were quicker three times.
    """

    def save(tx: Transaction, before: Broadcast, after: Broadcast) -> Broadcast:
        broadcasts.lock(tx, broadcast_id)
        if load(tx, call.workspace, broadcast_id) != before:
            raise _ChangedMeanwhile
        _check_trigger_name(tx, call.workspace, after)
        _store_changes(tx, before, as_stored(tx, call.workspace, after))
        stored = load(tx, call.workspace, broadcast_id)
        versions.record(tx, before, stored, restored_from=restored_from)
        return stored

    for _ in range(_TRIES):
        before, see = look(call.api, call.workspace, broadcast_id)
        after = call.api.store.read(partial(with_layouts, workspace=call.workspace, wanted=edit(before)))
        if after.active:
            # What was wrong before the edit (a segment that vanished) must not keep anybody from mending it.
            known = {(found.field, found.message) for found in see(before).problems} if before.active else set()
            _refuse(tuple(found for found in see(after).problems if (found.field, found.message) not in known))
        try:
            return call.api.store.write(partial(save, before=before, after=replace(after, changed_by=call.by)))
        except _ChangedMeanwhile:
            continue
    raise Conflict("somebody else is changing this broadcast: try again")


def _store_changes(tx: Transaction, before: Broadcast, after: Broadcast) -> None:
    old = {action.action_id: action for action in before.actions}
    broadcasts.update(tx, after)
    attachments.name(tx, after.workspace_id, (one for one in after.actions if old.get(one.action_id) != one))
    for action in after.actions:
        if not action.action_id:
            _add(tx, after, action)
        elif action.action_id not in old:
            broadcasts.put_back_action(tx, action)
        elif old[action.action_id] != action:
            broadcasts.update_action(tx, action)
    kept = {action.action_id for action in after.actions}
    for action_id, action in old.items():
        if action_id not in kept:
            broadcasts.delete_action(tx, action)
    kept_order = [action.action_id for action in before.actions if action.action_id in kept]
    if kept_order != [action.action_id for action in after.actions if action.action_id]:
        broadcasts.order_actions(tx, after)
    if after.state is not before.state:
        broadcasts.set_state(tx, after.broadcast_id, after.state)


def _add(tx: Transaction, broadcast: Broadcast, action: Action) -> None:
    broadcasts.add_action(
        tx,
        broadcast,
        action.name,
        action.content,
        sending_state=action.sending_state,
        send_to_unsubscribed=action.send_to_unsubscribed,
        variants=action.variants,
        condition=action.condition,
        topic_id=action.topic_id,
        attachments=action.attachments,
    )


def _check_trigger_name(tx: Transaction, workspace: Workspace, wanted: Broadcast) -> None:
    if wanted.trigger_name is None:
        return
    found = broadcasts.by_trigger_name(tx, workspace, wanted.trigger_name)
    if found not in (None, wanted.broadcast_id):
        raise InvalidRequest(f"is the one of transactional message {found}", "/trigger_name")


async def store_edit(
    call: Call,
    edit: Callable[[Broadcast], Broadcast],
    named: str = "broadcast_id",
    *,
    restored_from: int | None = None,
) -> Broadcast:
    """The broadcast that the path names after an edit; raises as `_change` does."""
    broadcast_id = call.number(named)
    return await call.api.run(lambda: _change(call, broadcast_id, edit, restored_from))


def create(tx: Transaction, workspace: Workspace, wanted: Broadcast, by: str) -> Broadcast:
    """A new broadcast with what `wanted` has, as a draft; `by`: whose it is.

    Raises:
        InvalidRequest: a trigger name that is taken; a layout or an identity that does not exist.
    """
    _check_trigger_name(tx, workspace, wanted)
    wanted = as_stored(tx, workspace, wanted)
    attachments.name(tx, workspace.workspace_id, wanted.actions)
    made = broadcasts.create(
        tx,
        workspace,
        wanted.name,
        recipients=wanted.recipients,
        doubt_policy=wanted.doubt_policy,
        tags=wanted.tags,
        kind=wanted.kind,
        trigger_name=wanted.trigger_name,
        topic_id=wanted.topic_id,
        language_attribute=wanted.language_attribute,
    )
    further = (wanted.goal, wanted.exit_when, wanted.ignores_limit)
    if further != (None, Exit.NEVER, False):
        goal, exit_when, ignores_limit = further
        broadcasts.update(tx, replace(made, goal=goal, exit_when=exit_when, ignores_limit=ignores_limit))
    for action in wanted.actions:
        _add(tx, made, action)
    stored = load(tx, workspace, made.broadcast_id)
    versions.begin(tx, stored, by)
    return stored


def one_of(broadcast: Broadcast, action_id: int) -> Action:
    """An action of a broadcast.

    Raises:
        NotFound: it has none by this number.
    """
    for action in broadcast.actions:
        if action.action_id == action_id:
            return action
    raise NotFound
