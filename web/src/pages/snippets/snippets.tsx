// SPDX-License-Identifier: Apache-2.0
// Pieces of content that messages share.
import { useMemo, useState } from "preact/hooks";
import { del, OURS, post, put } from "../../api/client";
import { useMay } from "../../app/session";
import { CodeEditor } from "../../editor/CodeEditor";
import type { Completions } from "../../editor/completing";
import { aboutAll } from "../../editor/offsets";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Time } from "../../ui/pill";
import { rowActions } from "../../ui/rowactions";
import { useSaving } from "../../ui/saving";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";

interface Snippet {
  name: string;
  value: string;
  updated_at: number;
}

interface Use {
  kind: "broadcast" | "transactional" | "layout" | "snippet";
  id: number | null;
  name: string;
}

const PATH = "/v1/snippets";
const USES = `${OURS}/snippet_uses`;

/** What mentions a snippet. */
function UsedBy({ uses }: { uses: Use[] | undefined }) {
  if (!uses) return null;
  if (uses.length === 0) return <span class="muted">nothing</span>;
  return (
    <>
      {uses.map((one, index) => (
        <span key={`${one.kind} ${one.name}`}>
          {index > 0 && ", "}
          {one.kind === "snippet" || one.kind === "transactional" ? (
            `${one.kind} ${one.name}`
          ) : (
            <a href={`/${one.kind}s/${one.id}`}>{one.name}</a>
          )}
        </span>
      ))}
    </>
  );
}

function Editor({ snippet, onClose }: { snippet: Snippet | null; onClose: () => void }) {
  const [name, setName] = useState(snippet?.name ?? "");
  const [value, setValue] = useState(snippet?.value ?? "");
  const saving = useSaving(["/name", "/value"]);
  const completions = useQuery<Completions>(`${OURS}/completions`).data;
  const wrong = saving.about("/value");
  const diagnostics = useMemo(() => (wrong ? [aboutAll(wrong)] : []), [wrong]);
  return (
    <FormDialog
      title={snippet ? `Snippet ${snippet.name}` : "A new snippet"}
      wide
      onClose={onClose}
      saving={saving}
      onSave={async () => {
        await (snippet ? put(PATH, { name, value }) : post(PATH, { name, value }));
        invalidate(PATH);
        invalidate(USES);
      }}
    >
      {snippet ? (
        <p class="muted">
          Used in messages as <code>{`{{ snippets.${snippet.name} }}`}</code>. A change is seen by triggers
          from then on; those under way keep what they began with.
        </p>
      ) : (
        <TextField
          label="Name"
          hint="It cannot be changed later."
          value={name}
          error={saving.about("/name")}
          onInput={setName}
        />
      )}
      <CodeEditor
        label="Content"
        language="html"
        hint="HTML or text, with Liquid; at most 16 KB."
        value={value}
        completions={completions}
        diagnostics={diagnostics}
        onChange={setValue}
      />
    </FormDialog>
  );
}

/** `/snippets`. */
export default function Snippets() {
  const query = useQuery<{ snippets: Snippet[] }>(PATH);
  const uses = useQuery<{ snippets: { name: string; used_by: Use[] }[] }>(USES).data?.snippets;
  const mayEdit = useMay("edit");
  const [editing, setEditing] = useState<Snippet | "new" | null>(null);
  const [deleting, setDeleting] = useState<Snippet | null>(null);
  const make = mayEdit && (
    <Button kind="primary" onClick={() => setEditing("new")}>
      Make a snippet
    </Button>
  );
  return (
    <Page title="Snippets" actions={make}>
      <Loaded query={query}>
        {({ snippets }) =>
          snippets.length === 0 ? (
            <Empty title="No snippets yet" action={make}>
              A footer, an address, a signature: written once, used in many messages.
            </Empty>
          ) : (
            <Table
              caption="Snippets"
              rows={snippets}
              rowKey={(one) => one.name}
              columns={[
                {
                  key: "name",
                  label: "Name",
                  show: (one) => (
                    <Button kind="quiet" onClick={() => setEditing(one)}>
                      {one.name}
                    </Button>
                  ),
                },
                {
                  key: "value",
                  label: "Content",
                  show: (one) => (
                    <code class="break">
                      {one.value.length > 120 ? `${one.value.slice(0, 120)}…` : one.value}
                    </code>
                  ),
                },
                {
                  key: "used",
                  label: "Used by",
                  show: (one) => <UsedBy uses={uses?.find((other) => other.name === one.name)?.used_by} />,
                },
                { key: "at", label: "Changed", show: (one) => <Time ms={one.updated_at * 1_000} /> },
                rowActions({
                  name: (one: Snippet) => one.name,
                  allowed: mayEdit,
                  onEdit: setEditing,
                  onRemove: setDeleting,
                  remove: "Delete",
                }),
              ]}
            />
          )
        }
      </Loaded>
      {editing && <Editor snippet={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <Confirm
          title={`Delete ${deleting.name}?`}
          open
          danger
          action="Delete"
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await del(`${PATH}/${encodeURIComponent(deleting.name)}`);
            invalidate(PATH);
          }}
        >
          A snippet that a message or another snippet uses is not deleted.
        </Confirm>
      )}
    </Page>
  );
}
