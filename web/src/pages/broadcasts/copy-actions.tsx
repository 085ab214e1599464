// SPDX-License-Identifier: Apache-2.0
// A broadcast into another workspace, as a new draft there: one call, and what is missing there is told.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { allows, useSession } from "../../app/session";
import { Button } from "../../ui/button";
import { Confirm, Dialog } from "../../ui/dialog";
import { CheckField, SelectField } from "../../ui/field";
import { toast } from "../../ui/toast";
import type { Broadcast } from "./types";

interface Copied {
  broadcast: Broadcast;
  missing: { field: string; message: string }[];
}

/** Where may be written to is offered. */
export function CopyActions({
  broadcast,
  action,
  onClose,
}: {
  broadcast: { id: number; name: string };
  /** Only this message of it. */
  action?: { id: number; name: string };
  onClose: () => void;
}) {
  const { session, workspace } = useSession();
  const others = (session?.workspaces ?? []).filter(
    (one) => one.id !== workspace?.id && allows(one.roles, "edit"),
  );
  const [chosen, setChosen] = useState(String(others[0]?.id ?? ""));
  const [settings, setSettings] = useState(true);
  const [copied, setCopied] = useState<Copied | null>(null);
  const name = others.find((one) => String(one.id) === chosen)?.name ?? "";
  if (copied) {
    return (
      <Dialog
        title="Copied, with something missing"
        open
        onClose={onClose}
        actions={
          <Button kind="primary" onClick={onClose}>
            Close
          </Button>
        }
      >
        <div class="stack">
          <p>
            <strong>{copied.broadcast.name}</strong> is a draft in {name}. What is missing:
          </p>
          <ul>
            {copied.missing.map((one) => (
              <li key={one.field + one.message}>{one.message}</li>
            ))}
          </ul>
        </div>
      </Dialog>
    );
  }
  if (others.length === 0) {
    return (
      <Dialog
        title="Copy to another workspace"
        open
        onClose={onClose}
        actions={<Button onClick={onClose}>Close</Button>}
      >
        <p>You may not edit any other workspace.</p>
      </Dialog>
    );
  }
  return (
    <Confirm
      title="Copy to another workspace"
      open
      action="Copy"
      onClose={onClose}
      stay
      onConfirm={async () => {
        const done = await post<Copied>(`${OURS}/broadcasts/${broadcast.id}/copy`, {
          workspace_id: Number(chosen),
          settings: settings && !action,
          actions: action && [action.id],
        });
        if (done.missing.length > 0) return setCopied(done);
        toast(`${done.broadcast.name} is a draft in ${name}`);
        onClose();
      }}
    >
      <div class="stack">
        <p>
          <strong>{action ? action.name : broadcast.name}</strong> becomes a draft there,{" "}
          {action ? "as its only message" : "its messages"}, in all languages. Segments, topics, layouts and
          sender identities are found there by their names; what is missing is told.
        </p>
        <SelectField
          label="Workspace"
          value={chosen}
          onChange={setChosen}
          options={others.map((one) => [String(one.id), one.name])}
        />
        {!action && (
          <CheckField
            label="Recipients, goal and settings, too"
            hint="Otherwise only the messages."
            checked={settings}
            onChange={setSettings}
          />
        )}
      </div>
    </Confirm>
  );
}
