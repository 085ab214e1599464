// SPDX-License-Identifier: Apache-2.0
// Name, topic, tags, language and what becomes of messages in doubt.
import { useState } from "preact/hooks";
import { OURS, patch } from "../../api/client";
import { useQuery } from "../../lib/query";
import { Confirm } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";
import type { Broadcast } from "../broadcasts/types";
import { type Settings, settingsBody, settingsOf } from "./settings";

interface Props {
  broadcast: Broadcast;
  onClose: () => void;
  onSaved: () => void;
}

export function SettingsDialog({ broadcast, onClose, onSaved }: Props) {
  const topics = useQuery<{ topics: { id: number; name: string }[] }>("/v1/subscription_topics");
  const [form, setForm] = useState(() => settingsOf(broadcast));
  const [version] = useState(broadcast.version);
  const set = (changes: Partial<Settings>) => setForm((before) => ({ ...before, ...changes }));
  const known = topics.data?.topics ?? [];
  const lost = form.topic && topics.data && !known.some((one) => String(one.id) === form.topic);
  return (
    <Confirm
      title="Settings of this broadcast"
      open
      action="Save"
      onClose={onClose}
      onConfirm={async () => {
        await patch(`${OURS}/broadcasts/${broadcast.id}`, settingsBody(form, version));
        onSaved();
      }}
    >
      <div class="stack">
        <TextField label="Name" value={form.name} onInput={(name) => set({ name })} />
        <SelectField
          label="Subscription topic"
          hint="Whoever does not want the topic is left out."
          value={form.topic}
          onChange={(topic) => set({ topic })}
          options={[
            ["", "None"],
            ...known.map((one) => [String(one.id), one.name] as const),
            ...(lost || !topics.data
              ? [[form.topic, form.topic && `Topic ${form.topic}`] as const].filter(([key]) => key)
              : []),
          ]}
        />
        <TextField
          label="Tags"
          hint="Apart by commas; the list can be narrowed to one."
          value={form.tags}
          onInput={(tags) => set({ tags })}
        />
        <TextField
          label="Attribute with the language"
          hint="Names the language in which somebody gets a message that has several."
          value={form.language}
          onInput={(language) => set({ language })}
        />
        <SelectField
          label="When nobody knows whether a message arrived"
          value={form.doubt}
          onChange={(doubt) => set({ doubt: doubt as Settings["doubt"] })}
          options={[
            ["hold", "List it as in doubt: somebody decides"],
            ["resend", "Hand it over again with the same Message-ID"],
          ]}
        />
      </div>
    </Confirm>
  );
}
