// SPDX-License-Identifier: Apache-2.0
// The fields of a reporting webhook, in a dialog; a new one shows its signing secret once.
import { useEffect, useState } from "preact/hooks";
import { ApiError, post, put } from "../../api/client";
import { invalidate } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { CheckField, TextField } from "../../ui/field";
import { Problems } from "../../ui/states";
import { EVENTS, HOOKS, toggled, type Webhook } from "./events";

const FIELDS = ["/name", "/endpoint", "/events"] as const;
const NEW: Omit<Webhook, "id"> = {
  name: "",
  endpoint: "",
  disabled: false,
  full_resolution: false,
  with_content: false,
  events: ["email_sent", "email_failed", "email_bounced"],
};

/** `webhook` null: a new one. */
export function WebhookForm({
  webhook,
  open,
  onClose,
}: {
  webhook: Webhook | null;
  open: boolean;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState<Omit<Webhook, "id">>(webhook ?? NEW);
  const [secret, setSecret] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each opening begins anew
  useEffect(() => {
    if (!open) return;
    setDraft(webhook ?? NEW);
    setSecret(null);
    setError(null);
  }, [open]);
  const about = (pointer: string) => (error instanceof ApiError ? error.about(pointer) : undefined);
  const set = (changes: Partial<Webhook>) => setDraft({ ...draft, ...changes });
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      if (webhook) await put(`${HOOKS}/${webhook.id}`, { ...draft, id: webhook.id });
      else setSecret((await post<{ signing_secret: string }>(HOOKS, draft)).signing_secret);
      invalidate(HOOKS);
      if (webhook) onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={secret ? "The signing secret" : webhook ? `Change ${webhook.name}` : "Make a webhook"}
      open={open}
      onClose={onClose}
      actions={
        secret ? (
          <Button kind="primary" onClick={onClose}>
            I have it
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="primary" busy={busy} onClick={() => void save()}>
              {webhook ? "Save" : "Make the webhook"}
            </Button>
          </>
        )
      }
    >
      {secret ? (
        <Secret secret={secret} />
      ) : (
        <div class="stack">
          <TextField
            label="Name"
            value={draft.name}
            error={about("/name")}
            onInput={(name) => set({ name })}
          />
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
            <div class="grid-2">
              {EVENTS.map(([event, words]) => (
                <CheckField
                  key={event}
                  label={words}
                  checked={draft.events.includes(event)}
                  onChange={(on) => set({ events: toggled(draft.events, event, on) })}
                />
              ))}
            </div>
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
          {error !== null && <Problems error={error} besides={FIELDS} />}
        </div>
      )}
    </Dialog>
  );
}

/** Shown once. */
export function Secret({ secret }: { secret: string }) {
  return (
    <div class="stack">
      <p>Copy it now: it is not shown again. With it you check that a call comes from here.</p>
      <div class="row">
        <code class="break">{secret}</code>
        <CopyButton text={secret} />
      </div>
    </div>
  );
}
