// SPDX-License-Identifier: Apache-2.0
// What people subscribe to, beside everything.
import { useState } from "preact/hooks";
import { del, OURS, patch, post } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { CheckField, TextArea, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { rowActions } from "../../ui/rowactions";
import { useSaving } from "../../ui/saving";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";

interface Topic {
  id: number;
  identifier: string;
  name: string;
  description: string;
  subscribed_by_default: boolean;
}

const READ = "/v1/subscription_topics";
const WRITE = `${OURS}/subscription_topics`;

function Editor({ topic, onClose }: { topic: Topic | null; onClose: () => void }) {
  const [name, setName] = useState(topic?.name ?? "");
  const [description, setDescription] = useState(topic?.description ?? "");
  const [byDefault, setByDefault] = useState(topic?.subscribed_by_default ?? true);
  const saving = useSaving(["/name"]);
  return (
    <FormDialog
      title={topic ? "Change a topic" : "A new topic"}
      onClose={onClose}
      saving={saving}
      onSave={async () => {
        const body = { name, description, subscribed_by_default: byDefault };
        await (topic ? patch(`${WRITE}/${topic.id}`, body) : post(WRITE, body));
        invalidate(READ);
      }}
    >
      <TextField label="Name" value={name} error={saving.about("/name")} onInput={setName} />
      <TextArea label="Description" rows={2} value={description} onInput={setDescription} />
      <CheckField
        label="People are subscribed until they say otherwise"
        hint="Off: only who chose it gets what is sent about it."
        checked={byDefault}
        onChange={setByDefault}
      />
    </FormDialog>
  );
}

/** `/topics`. */
export default function Topics() {
  const query = useQuery<{ topics: Topic[] }>(READ);
  const mayEdit = useMay("edit");
  const [editing, setEditing] = useState<Topic | "new" | null>(null);
  const [removing, setRemoving] = useState<Topic | null>(null);
  const make = mayEdit && (
    <Button kind="primary" onClick={() => setEditing("new")}>
      Make a topic
    </Button>
  );
  return (
    <Page title="Subscription topics" actions={make}>
      <Loaded query={query}>
        {({ topics }) =>
          topics.length === 0 ? (
            <Empty title="No topics yet" action={make}>
              Whoever opts out of a topic gets no broadcast about it, and still gets the others. People choose
              on the page behind {"{% manage_subscription_preferences_url %}"}.
            </Empty>
          ) : (
            <Table
              caption="Subscription topics"
              rows={topics}
              rowKey={(one) => one.id}
              columns={[
                { key: "name", label: "Topic", show: (one) => one.name },
                { key: "description", label: "Description", show: (one) => one.description || "–" },
                {
                  key: "default",
                  label: "By default",
                  show: (one) => (
                    <Pill tone={one.subscribed_by_default ? "good" : "quiet"}>
                      {one.subscribed_by_default ? "subscribed" : "not subscribed"}
                    </Pill>
                  ),
                },
                { key: "id", label: "Identifier", show: (one) => <code>{one.identifier}</code> },
                rowActions({
                  name: (one: Topic) => one.name,
                  allowed: mayEdit,
                  onEdit: setEditing,
                  onRemove: setRemoving,
                  remove: "Remove",
                }),
              ]}
            />
          )
        }
      </Loaded>
      {editing && <Editor topic={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      {removing && (
        <Confirm
          title={`Remove ${removing.name}?`}
          open
          danger
          action="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await del(`${WRITE}/${removing.id}`);
            invalidate(READ);
          }}
        >
          A topic that a broadcast is about is not removed.
        </Confirm>
      )}
    </Page>
  );
}
