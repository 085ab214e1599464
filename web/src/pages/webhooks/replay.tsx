// SPDX-License-Identifier: Apache-2.0
// Sending events of a webhook again: which, and how many these were.
import { useEffect, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { count } from "../../lib/format";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { CheckField, SelectField, TextField } from "../../ui/field";
import { Problems } from "../../ui/states";
import { toast } from "../../ui/toast";
import { bounds, EVENTS, type Webhook } from "./events";

/** The events keep their ids, so that the receiver can tell a repeat. */
export function Replay({
  hook,
  open,
  onClose,
  onSent,
}: {
  hook: Webhook;
  open: boolean;
  onClose: () => void;
  onSent: () => void;
}) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [event, setEvent] = useState("");
  const [onlyGivenUp, setOnlyGivenUp] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (open) setError(null);
  }, [open]);
  const words = new Map(EVENTS);
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const body = { ...bounds(from, to), ...(event ? { event } : {}), only_given_up: onlyGivenUp };
      const { events } = await post<{ events: number }>(`${OURS}/reporting_webhooks/${hook.id}/replay`, body);
      toast(events === 0 ? "No event matches" : `${count(events, "event goes", "events go")} out again`);
      onSent();
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Send events again"
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={busy} onClick={() => void send()}>
            Send again
          </Button>
        </>
      }
    >
      <div class="stack">
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
        {error !== null && <Problems error={error} />}
      </div>
    </Dialog>
  );
}
