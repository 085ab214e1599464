// SPDX-License-Identifier: Apache-2.0
// The fields of a reporting webhook, and its signing secret, each in a dialog.
import { useRef, useState } from "preact/hooks";
import { post, put } from "../../api/client";
import { invalidate } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Dialog, FormDialog } from "../../ui/dialog";
import { CheckField, TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { GROUPS, HOOKS, toggled, type Webhook } from "./events";

const FIELDS = ["/name", "/endpoint", "/events"] as const;
const NEW: Omit<Webhook, "id"> = {
  name: "",
  endpoint: "",
  disabled: false,
  full_resolution: false,
  with_content: false,
  events: ["email_sent", "email_failed", "email_bounced"],
};

/** The events of a channel: shut where it is not the usual one, and none of it is chosen. */
function Group({
  label,
  events,
  open,
  chosen,
  onChange,
}: (typeof GROUPS)[number] & {
  open: boolean;
  chosen: readonly string[];
  onChange: (event: string, on: boolean) => void;
}) {
  const count = events.filter(([event]) => chosen.includes(event)).length;
  const [wasChosen] = useState(count > 0);
  return (
    <details open={open || wasChosen || undefined}>
      <summary>
        {label}
        {count > 0 && ` (${count})`}
      </summary>
      <div class="grid-2">
        {events.map(([event, words]) => (
          <CheckField
            key={event}
            label={words}
            checked={chosen.includes(event)}
            onChange={(on) => onChange(event, on)}
          />
        ))}
      </div>
    </details>
  );
}

/** `webhook` null: a new one, whose signing secret is told when it closes. */
export function WebhookForm({
  webhook,
  onClose,
}: {
  webhook: Webhook | null;
  onClose: (secret: string | null) => void;
}) {
  const [draft, setDraft] = useState<Omit<Webhook, "id">>(webhook ?? NEW);
  const secret = useRef<string | null>(null);
  const saving = useSaving(FIELDS);
  const { about } = saving;
  const set = (changes: Partial<Webhook>) => setDraft({ ...draft, ...changes });
  return (
    <FormDialog
      title={webhook ? `Change ${webhook.name}` : "Make a webhook"}
      onClose={() => onClose(secret.current)}
      saving={saving}
      action={webhook ? "Save" : "Make the webhook"}
      onSave={async () => {
        if (webhook) await put(`${HOOKS}/${webhook.id}`, { ...draft, id: webhook.id });
        else secret.current = (await post<{ signing_secret: string }>(HOOKS, draft)).signing_secret;
        invalidate(HOOKS);
      }}
    >
      <TextField label="Name" value={draft.name} error={about("/name")} onInput={(name) => set({ name })} />
      <TextField
        label="Endpoint"
        type="url"
        hint="Where the events are posted to."
        placeholder="https://hooks.example.com/clarion"
        value={draft.endpoint}
        error={about("/endpoint")}
        onInput={(endpoint) => set({ endpoint })}
      />
      <fieldset class="webhook-events">
        <legend>Events</legend>
        {about("/events") && <p class="field-error">{about("/events")}</p>}
        {GROUPS.map((group, no) => (
          <Group
            key={group.label}
            {...group}
            open={no === 0}
            chosen={draft.events}
            onChange={(event, on) => set({ events: toggled(draft.events, event, on) })}
          />
        ))}
      </fieldset>
      <CheckField
        label="Every open and click"
        hint="Otherwise only the first of each message."
        checked={draft.full_resolution}
        onChange={(on) => set({ full_resolution: on })}
      />
      <CheckField
        label="With the message's content"
        hint="“Sent” then carries the HTML and the headers."
        checked={draft.with_content}
        onChange={(on) => set({ with_content: on })}
      />
      <CheckField
        label="Disabled"
        hint="Nothing is noted for it meanwhile."
        checked={draft.disabled}
        onChange={(on) => set({ disabled: on })}
      />
    </FormDialog>
  );
}

/** Shown once. */
export function SecretDialog({ secret, onClose }: { secret: string | null; onClose: () => void }) {
  return (
    <Dialog
      title="The signing secret"
      open={secret !== null}
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          I have it
        </Button>
      }
    >
      <div class="stack">
        <p>Copy it now: it is not shown again. With it you check that a call comes from here.</p>
        <div class="row">
          <code class="break">{secret}</code>
          <CopyButton text={secret ?? ""} />
        </div>
      </div>
    </Dialog>
  );
}
