// SPDX-License-Identifier: Apache-2.0
// How many messages somebody gets at most.
import { useEffect, useState } from "preact/hooks";
import { ApiError, OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Problems } from "../../ui/states";
import { toast } from "../../ui/toast";
import { formOf, type Limit, limitOf } from "./limit";

const PATH = `${OURS}/workspace`;

/** Empty for no limit. */
export function LimitForm({ limit }: { limit: Limit | null }) {
  const may = useMay("own");
  const [form, setForm] = useState(() => formOf(limit));
  const [error, setError] = useState<unknown>(null);
  const stored = JSON.stringify(limit);
  useEffect(() => setForm(formOf(JSON.parse(stored))), [stored]);
  const about = (name: string) =>
    error instanceof ApiError ? error.about(`/message_limit/${name}`) : undefined;
  return (
    <form
      class="card stack"
      aria-label="Message limit"
      onSubmit={async (event) => {
        event.preventDefault();
        setError(null);
        try {
          await patch(PATH, { message_limit: limitOf(form) });
          invalidate(PATH);
          toast("Saved");
        } catch (failure) {
          setError(failure);
        }
      }}
    >
      <div class="grid-2">
        <TextField
          label="At most so many messages"
          hint="Empty: no limit."
          value={form.messages}
          disabled={!may}
          error={about("messages")}
          onInput={(messages) => setForm({ ...form, messages })}
        />
        <TextField
          label="within so many days"
          hint="1 to 30, back from the moment of sending."
          value={form.days}
          disabled={!may}
          error={about("days")}
          onInput={(days) => setForm({ ...form, days })}
        />
      </div>
      {error !== null && (
        <Problems error={error} besides={["/message_limit/messages", "/message_limit/days"]} />
      )}
      <div>
        <Button type="submit" disabled={!may}>
          Save the message limit
        </Button>
      </div>
    </form>
  );
}
