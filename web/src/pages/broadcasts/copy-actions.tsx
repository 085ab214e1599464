// SPDX-License-Identifier: Apache-2.0
// A broadcast's messages into another workspace, as a new draft there; recipients, goal and settings stay.
import { useState } from "preact/hooks";
import { get, OURS, post } from "../../api/client";
import { allows, useSession } from "../../app/session";
import { Confirm } from "../../ui/dialog";
import { SelectField } from "../../ui/field";
import { toast } from "../../ui/toast";
import type { Broadcast } from "./types";

const OF_THE_SERVER = ["id", "languages", "created_at", "updated_at", "from_id", "reply_to_id"];

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
        const source = (await get<{ broadcast: Broadcast }>(`${OURS}/broadcasts/${broadcast.id}`)).broadcast;
        const actions = source.actions.map((action) =>
          Object.fromEntries(Object.entries(action).filter(([name]) => !OF_THE_SERVER.includes(name))),
        );
        await post(
          `${OURS}/broadcasts`,
          { name: `[COPY] ${source.name}`, actions },
          { headers: { "X-Clarion-Workspace": chosen } },
        );
        toast(`[COPY] ${source.name} is a draft in the other workspace`);
      }}
    >
      <div class="stack">
        <p>
          The messages of <strong>{broadcast.name}</strong> become a new draft there. Recipients, goal, topic
          and sender identities belong to this workspace and stay here.
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
