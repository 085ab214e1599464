// SPDX-License-Identifier: Apache-2.0
// What pauses a trigger by itself.
import { useState } from "preact/hooks";
import { OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { toast } from "../../ui/toast";
import { type Breaker, breakerOf, formOf, SHARES } from "./breaker";

const PATH = `${OURS}/workspace`;
const LABELS = {
  bounced: "Bounced, in %",
  spammed: "Marked as spam, in %",
  failed: "Refused by the provider, in %",
} as const;
const FIELDS = ["after", ...SHARES].map((name) => `/circuit_breaker/${name}`);

/** Shares that must not be passed. */
export function BreakerForm({ breaker }: { breaker: Breaker | null }) {
  const may = useMay("own");
  const [edited, setForm] = useState<ReturnType<typeof formOf> | null>(null);
  const form = edited ?? formOf(breaker);
  const saving = useSaving(FIELDS);
  const about = (name: string) => saving.about(`/circuit_breaker/${name}`);
  return (
    <form
      class="card stack"
      aria-label="Circuit breaker"
      onSubmit={async (event) => {
        event.preventDefault();
        const done = await saving.run(async () => {
          await patch(PATH, { circuit_breaker: breakerOf(form) });
          invalidate(PATH);
        });
        if (done) toast("Saved");
      }}
    >
      <div class="grid-2">
        {SHARES.map((name) => (
          <TextField
            key={name}
            label={LABELS[name]}
            hint="Empty: it stops nothing."
            value={form[name]}
            disabled={!may}
            error={about(name)}
            onInput={(text) => setForm({ ...form, [name]: text })}
          />
        ))}
        <TextField
          label="Not before so many messages"
          hint="Of one trigger, handed to a provider."
          value={form.after}
          disabled={!may}
          error={about("after")}
          onInput={(after) => setForm({ ...form, after })}
        />
      </div>
      {saving.problems}
      <div>
        <Button type="submit" disabled={!may} busy={saving.busy}>
          Save the circuit breaker
        </Button>
      </div>
    </form>
  );
}
