// SPDX-License-Identifier: Apache-2.0
// Sending events of a webhook again: which, and how many these were.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { count } from "../../lib/format";
import { FormDialog } from "../../ui/dialog";
import { CheckField, SelectField, TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { toast } from "../../ui/toast";
import { bounds, EVENTS, type Webhook } from "./events";

/** The events keep their ids, so that the receiver can tell a repeat. */
export function Replay({
  hook,
  onClose,
  onSent,
}: {
  hook: Webhook;
  onClose: () => void;
  onSent: () => void;
}) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [event, setEvent] = useState("");
  const [onlyGivenUp, setOnlyGivenUp] = useState(true);
  const saving = useSaving();
  const words = new Map(EVENTS);
  return (
    <FormDialog
      title="Send events again"
      onClose={onClose}
      saving={saving}
      action="Send again"
      onSave={async () => {
        const body = { ...bounds(from, to), ...(event ? { event } : {}), only_given_up: onlyGivenUp };
        const path = `${OURS}/reporting_webhooks/${hook.id}/replay`;
        const { events } = await post<{ events: number }>(path, body);
        toast(events === 0 ? "No event matches" : `${count(events, "event goes", "events go")} out again`);
        onSent();
      }}
    >
      <p>Events of the last 30 days are kept. They keep their ids, so the receiver can tell a repeat.</p>
      <div class="grid-2">
        <TextField label="From" type="date" value={from} onInput={setFrom} />
        <TextField label="To" type="date" value={to} onInput={setTo} />
      </div>
      <SelectField
        label="Event"
        value={event}
        onChange={setEvent}
        options={[
          ["", "Any of its events"],
          ...hook.events.map((one) => [one, words.get(one) ?? one] as const),
        ]}
      />
      <CheckField label="Only those that were given up" checked={onlyGivenUp} onChange={setOnlyGivenUp} />
    </FormDialog>
  );
}
