// SPDX-License-Identifier: Apache-2.0
// `/broadcasts/:id/actions/:action/condition`: which people of the audience get one message.
import { get, OURS, patch } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { type Audience, both } from "../../audience/filter";
import { SavedAudience } from "../../audience/SavedAudience";
import { useAutosave } from "../../lib/autosave";
import { LinkButton } from "../../ui/button";
import { Empty } from "../../ui/states";
import { type Action, actionName, type Broadcast } from "../broadcasts/types";
import { BroadcastFrame, broadcastChanged } from "./frame";

function Condition({ broadcast, action }: { broadcast: Broadcast; action: Action }) {
  const path = `${OURS}/broadcasts/${broadcast.id}`;
  const autosave = useAutosave<Audience>({
    name: `action.${action.id}.condition`,
    value: action.condition,
    version: broadcast.version,
    save: async (condition, version) => {
      const saved = await patch<{ version: number }>(`${path}/actions/${action.id}`, { condition, version });
      broadcastChanged(broadcast.id);
      return saved.version;
    },
    newest: async () => {
      const newest = (await get<{ broadcast: Broadcast }>(path)).broadcast;
      const one = newest.actions.find((each) => each.id === action.id);
      return { value: one?.condition ?? {}, version: newest.version };
    },
  });
  return (
    <div class="stack">
      <SavedAudience
        autosave={autosave}
        field="condition"
        reached={both(broadcast.recipients, autosave.value)}
        intro={
          <div>
            <h2>Who gets {actionName(action)}</h2>
            <p class="muted">
              Of the audience, whichever it is, only people who match these conditions get this message. The
              others are skipped. A trigger keeps the conditions that it was called with.
            </p>
          </div>
        }
      />
      <div class="row row-end">
        <LinkButton href={`/broadcasts/${broadcast.id}/actions/${action.id}`}>To the message</LinkButton>
        <LinkButton href={`/broadcasts/${broadcast.id}/workflow`}>To the workflow</LinkButton>
      </div>
    </div>
  );
}

export default function ConditionPage({ params }: PageProps) {
  const id = params.id ?? "";
  return (
    <BroadcastFrame id={id} current="workflow">
      {(broadcast) => {
        const action = broadcast.actions.find((each) => String(each.id) === params.action);
        return action ? (
          <Condition key={action.id} broadcast={broadcast} action={action} />
        ) : (
          <Empty title="There is no such message">
            <a href={`/broadcasts/${id}/workflow`}>To the workflow</a>
          </Empty>
        );
      }}
    </BroadcastFrame>
  );
}
