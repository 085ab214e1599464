// SPDX-License-Identifier: Apache-2.0
// One layout: its HTML, and beside it how a message looks in it.
import { useEffect, useState } from "preact/hooks";
import { OURS, patch, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { CodeEditor } from "../../editor/CodeEditor";
import type { Completions } from "../../editor/completing";
import type { Diagnostic } from "../../editor/offsets";
import { invalidate, useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { PreviewFrame } from "../../preview/PreviewFrame";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { useSaving } from "../../ui/saving";
import { Loaded } from "../../ui/states";
import { toast } from "../../ui/toast";
import { type Fault, FIRST, framed, inLayout } from "./framing";
import { type Layout, Users } from "./layouts";
import "./layouts.css";

const PATH = `${OURS}/layouts`;
const PAUSE_MS = 400; // after the last key

interface Shown {
  url: string | null;
  faults: Diagnostic[];
}

/** How a message looks in it, a moment after the last change. */
function useShown(html: string): Shown {
  const [shown, setShown] = useState<Shown>({ url: null, faults: [] });
  useEffect(() => {
    const body = framed(html);
    if (body === null) {
      setShown((before) => ({ ...before, faults: inLayout(html, []) }));
      return;
    }
    const aborting = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const action = { subject: "A headline", from: "preview@example.com", body };
        const found = await post<{ url: string | null; errors: Fault[] }>(
          `${OURS}/preview`,
          { action, person: "random" },
          { signal: aborting.signal },
        );
        setShown((before) => ({ url: found.url ?? before.url, faults: inLayout(html, found.errors) }));
      } catch {
        // The preview of a moment ago stays; saving says what is wrong.
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [html]);
  return shown;
}

function Editor({ layout }: { layout: Layout | null }) {
  const mayEdit = useMay("edit");
  const [name, setName] = useState(layout?.name ?? "");
  const [html, setHtml] = useState(layout?.html ?? FIRST);
  const saving = useSaving(["/name"]);
  const shown = useShown(html);
  const completions = useQuery<Completions>(`${OURS}/completions`).data;
  const save = () =>
    saving.run(async () => {
      const body = { name, html };
      const saved = await (layout
        ? patch<{ layout: Layout }>(`${PATH}/${layout.id}`, body)
        : post<{ layout: Layout }>(PATH, body));
      invalidate(PATH);
      toast(layout ? "Saved: triggers from now on send it" : "Made: choose it in a message");
      navigate(`/layouts/${saved.layout.id}`, { replace: true });
    });
  return (
    <Page
      title={layout ? layout.name : "A new layout"}
      parent={{ href: "/layouts", label: "Layouts" }}
      wide
      actions={
        mayEdit && (
          <Button kind="primary" busy={saving.busy} onClick={save}>
            Save
          </Button>
        )
      }
    >
      <div class="layout-columns">
        <div class="stack">
          {layout && (
            <p class="muted">
              Used by <Users of={layout} />. A change is seen by triggers from then on; those under way keep
              what they began with.
            </p>
          )}
          <TextField
            label="Name"
            value={name}
            disabled={!mayEdit}
            error={saving.about("/name")}
            onInput={setName}
          />
          <CodeEditor
            label="HTML"
            language="html"
            hint="With {{ content }} once: there the message goes."
            height={480}
            readOnly={!mayEdit}
            value={html}
            completions={completions}
            diagnostics={shown.faults}
            onChange={setHtml}
          />
          {saving.problems}
        </div>
        <section class="stack layout-preview" aria-label="Preview">
          <h2>A message in it</h2>
          <PreviewFrame url={shown.url} title="A message in this layout" />
        </section>
      </div>
    </Page>
  );
}

/** `/layouts/:id`, `new` for one that is not stored yet. */
export default function OneLayout({ params }: PageProps) {
  const isNew = params.id === "new";
  const query = useQuery<{ layout: Layout }>(isNew ? null : `${PATH}/${params.id}`);
  if (isNew) return <Editor key="new" layout={null} />;
  if (query.data) return <Editor key={query.data.layout.id} layout={query.data.layout} />;
  return (
    <Page title="Layout" parent={{ href: "/layouts", label: "Layouts" }}>
      <Loaded query={query}>{() => null}</Loaded>
    </Page>
  );
}
