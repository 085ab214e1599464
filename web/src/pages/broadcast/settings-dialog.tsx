// SPDX-License-Identifier: Apache-2.0
// Name, topic, tags, language and what becomes of messages in doubt.
import { useState } from "preact/hooks";
import { ApiError, get, OURS, patch } from "../../api/client";
import { type Choices, Clashes } from "../../compare/Clashes";
import { chosen, merge } from "../../lib/merging";
import { useQuery } from "../../lib/query";
import { FormDialog } from "../../ui/dialog";
import { CheckField, SelectField, TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
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
  const [base] = useState({ value: settingsOf(broadcast), version: broadcast.version });
  /** What somebody else made of it meanwhile. */
  const [theirs, setTheirs] = useState<Broadcast | null>(null);
  const [choices, setChoices] = useState<Choices>({});
  const set = (changes: Partial<Settings>) => setForm((before) => ({ ...before, ...changes }));
  const saving = useSaving(["/name", "/tags", "/language_attribute"]);
  const known = topics.data?.topics ?? [];
  const path = `${OURS}/broadcasts/${broadcast.id}`;
  const merged = theirs && merge(base.value, form, settingsOf(theirs), true);
  /** What both changed is asked; what only one of them did is put together. */
  const save = async () => {
    const wanted = merged ? chosen(merged, choices) : form;
    try {
      await patch(path, settingsBody(wanted, theirs?.version ?? base.version));
    } catch (failure) {
      if (!(failure instanceof ApiError) || failure.status !== 409) throw failure;
      const newest = (await get<{ broadcast: Broadcast }>(path)).broadcast;
      const joined = merge(base.value, wanted, settingsOf(newest), true);
      if (joined.clashes.length > 0) {
        setForm(wanted);
        setChoices({});
        setTheirs(newest);
        const who = newest.changed_by ?? "Somebody";
        throw new ApiError(409, [
          { detail: `${who} has changed it meanwhile: choose above what stays.`, pointer: "" },
        ]);
      }
      await patch(path, settingsBody(joined.value, newest.version));
    }
    onSaved();
  };
  const lost = form.topic && topics.data && !known.some((one) => String(one.id) === form.topic);
  return (
    <FormDialog title="Settings of this broadcast" onClose={onClose} saving={saving} onSave={save}>
      {merged && merged.clashes.length > 0 && (
        <section class="banner banner-warn" aria-label="Changed by both">
          <p>Both of you changed this: choose what stays, then save again.</p>
          <Clashes clashes={merged.clashes} choices={choices} onChoose={setChoices} />
        </section>
      )}
      <TextField
        label="Name"
        value={form.name}
        error={saving.about("/name")}
        onInput={(name) => set({ name })}
      />
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
        error={saving.about("/tags")}
        onInput={(tags) => set({ tags })}
      />
      <TextField
        label="Attribute with the language"
        hint="Names the language in which somebody gets a message that has several."
        value={form.language}
        error={saving.about("/language_attribute")}
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
      <CheckField
        label="Send it whatever the message limit says"
        hint="Its messages count all the same for the broadcasts that keep to the workspace's limit."
        checked={form.beyond}
        onChange={(beyond) => set({ beyond })}
      />
    </FormDialog>
  );
}
