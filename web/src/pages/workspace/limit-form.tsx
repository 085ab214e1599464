// SPDX-License-Identifier: Apache-2.0
// How many messages somebody gets at most.
import { useState } from "preact/hooks";
import { OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { toast } from "../../ui/toast";
import { formOf, type Limit, limitOf } from "./limit";

const PATH = `${OURS}/workspace`;

/** Empty for no limit. */
export function LimitForm({ limit }: { limit: Limit | null }) {
  const may = useMay("own");
  const [edited, setForm] = useState<ReturnType<typeof formOf> | null>(null);
  const form = edited ?? formOf(limit);
  const saving = useSaving(["/message_limit/messages", "/message_limit/days"]);
  const about = (name: string) => saving.about(`/message_limit/${name}`);
  return (
    <form
      class="card stack"
      aria-label="Message limit"
      onSubmit={async (event) => {
        event.preventDefault();
        const done = await saving.run(async () => {
          await patch(PATH, { message_limit: limitOf(form) });
          invalidate(PATH);
        });
        if (done) toast("Saved");
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
      {saving.problems}
      <div>
        <Button type="submit" disabled={!may} busy={saving.busy}>
          Save the message limit
        </Button>
      </div>
    </form>
  );
}
