// SPDX-License-Identifier: Apache-2.0
// A broadcast's messages into another workspace, as a new draft there; recipients, goal and settings stay.
import { useState } from "preact/hooks";
import { get, OURS, post, put } from "../../api/client";
import { allows, useSession } from "../../app/session";
import { Confirm } from "../../ui/dialog";
import { SelectField } from "../../ui/field";
import { toast } from "../../ui/toast";
import { copied, copiedLanguage } from "./copying";
import type { Broadcast } from "./types";

interface Answer {
  broadcast: Broadcast;
}

/** Where may be written to is offered. */
export function CopyActions({
  broadcast,
  onClose,
}: {
  broadcast: { id: number; name: string };
  onClose: () => void;
}) {
  const { session, workspace } = useSession();
  const others = (session?.workspaces ?? []).filter(
    (one) => one.id !== workspace?.id && allows(one.roles, "edit"),
  );
  const [chosen, setChosen] = useState(String(others[0]?.id ?? ""));
  return (
    <Confirm
      title="Copy messages to another workspace"
      open
      action="Copy"
      onClose={onClose}
      onConfirm={async () => {
        if (!chosen) throw new Error("There is no other workspace that you may edit.");
        const there = { headers: { "X-Clarion-Workspace": chosen } };
        const source = (await get<Answer>(`${OURS}/broadcasts/${broadcast.id}`)).broadcast;
        const body = { name: `[COPY] ${source.name}`, actions: source.actions.map(copied) };
        const made = (await post<Answer>(`${OURS}/broadcasts`, body, there)).broadcast;
        for (const [no, action] of source.actions.entries()) {
          for (const language of action.languages.map(encodeURIComponent)) {
            const from = `${OURS}/broadcasts/${source.id}/actions/${action.id}/languages/${language}`;
            const to = `${OURS}/broadcasts/${made.id}/actions/${made.actions[no]?.id}/languages/${language}`;
            await put(to, copiedLanguage((await get<{ content: object }>(from)).content), there);
          }
        }
        toast(`[COPY] ${source.name} is a draft in the other workspace`);
      }}
    >
      <div class="stack">
        <p>
          The messages of <strong>{broadcast.name}</strong> become a new draft there. Recipients, goal, topic,
          layouts and sender identities belong to this workspace and stay here.
        </p>
        {others.length > 0 ? (
          <SelectField
            label="Workspace"
            value={chosen}
            onChange={setChosen}
            options={others.map((one) => [String(one.id), one.name])}
          />
        ) : (
          <p class="muted">You may not edit any other workspace.</p>
        )}
      </div>
    </Confirm>
  );
}
