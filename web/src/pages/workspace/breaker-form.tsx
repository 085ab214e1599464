// SPDX-License-Identifier: Apache-2.0
// What pauses a trigger by itself.
import { useEffect, useState } from "preact/hooks";
import { ApiError, OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Problems } from "../../ui/states";
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
  const [form, setForm] = useState(() => formOf(breaker));
  const [error, setError] = useState<unknown>(null);
  const stored = JSON.stringify(breaker);
  useEffect(() => setForm(formOf(JSON.parse(stored))), [stored]);
  const about = (name: string) =>
    error instanceof ApiError ? error.about(`/circuit_breaker/${name}`) : undefined;
  return (
    <form
      class="card stack"
      aria-label="Circuit breaker"
      onSubmit={async (event) => {
        event.preventDefault();
        setError(null);
        try {
          await patch(PATH, { circuit_breaker: breakerOf(form) });
          invalidate(PATH);
          toast("Saved");
        } catch (failure) {
          setError(failure);
        }
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
      {error !== null && <Problems error={error} besides={FIELDS} />}
      <div>
        <Button type="submit" disabled={!may}>
          Save the circuit breaker
        </Button>
      </div>
    </form>
  );
}
