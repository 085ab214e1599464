// SPDX-License-Identifier: Apache-2.0
// The workspace's name, what identifies people in it, what stops its triggers, and making another.
import { useState } from "preact/hooks";
import { OURS, patch, post } from "../../api/client";
import { loadSession, useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { CheckField, Radios, TextField } from "../../ui/field";
import { Page, Section } from "../../ui/page";
import { useSaving } from "../../ui/saving";
import { Loaded } from "../../ui/states";
import { toast } from "../../ui/toast";
import type { Breaker } from "./breaker";
import { BreakerForm } from "./breaker-form";
import { DomainForm } from "./domain-form";
import type { Limit } from "./limit";
import { LimitForm } from "./limit-form";
import type { Param } from "./url-params";
import { UrlParamsForm } from "./url-params-form";

interface Workspace {
  id: number;
  name: string;
  identifiers: "id_email" | "id";
  circuit_breaker: Breaker | null;
  message_limit: Limit | null;
  inline_css: boolean;
  url_parameters: Param[];
}

interface NewWorkspace extends Workspace {
  app_key: string;
  manage_key: string;
  site_id: string;
  track_key: string;
}

const PATH = `${OURS}/workspace`;
const IDENTIFIERS = [
  { value: "id_email", label: "Id and e-mail", hint: "An e-mail address belongs to one person." },
  { value: "id", label: "Only the id", hint: "Several people may share an address." },
];

function Settings({ workspace }: { workspace: Workspace }) {
  const may = useMay("own");
  // Only what is changed here: the rest is as the server tells it.
  const [changes, setChanges] = useState<{ name?: string; identifiers?: string; inline_css?: boolean }>({});
  const { name, identifiers, inline_css } = { ...workspace, ...changes };
  const saving = useSaving(["/name"]);
  return (
    <form
      class="card"
      onSubmit={async (event) => {
        event.preventDefault();
        const done = await saving.run(async () => {
          await patch(PATH, { name, identifiers, inline_css });
          invalidate(PATH);
          void loadSession();
        });
        if (done) toast("Saved");
      }}
    >
      <TextField
        label="Name"
        value={name}
        disabled={!may}
        error={saving.about("/name")}
        onInput={(name) => setChanges({ ...changes, name })}
      />
      <Radios
        legend="What identifies people"
        value={identifiers}
        onChange={(identifiers) => setChanges({ ...changes, identifiers })}
        options={IDENTIFIERS}
      />
      <CheckField
        label="Inline the styles of new e-mails"
        hint="Style sheets move into the elements they are for. Each message may have it otherwise."
        checked={inline_css}
        disabled={!may}
        onChange={(inline_css) => setChanges({ ...changes, inline_css })}
      />
      {saving.problems}
      <div>
        <Button type="submit" disabled={!may} busy={saving.busy}>
          Save
        </Button>
      </div>
    </form>
  );
}

function KeysOnce({ made }: { made: NewWorkspace }) {
  const keys: [string, string][] = [
    ["App API key", made.app_key],
    ["Management key", made.manage_key],
    ["Track site id", made.site_id],
    ["Track API key", made.track_key],
  ];
  return (
    <div class="stack">
      <p>These keys are shown only now. You can make others at any time.</p>
      <dl class="facts">
        {keys.map(([label, key]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class="row">
              <code class="break">{key}</code> <CopyButton text={key} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** `/workspace`. */
export default function WorkspacePage() {
  const query = useQuery<{ workspace: Workspace }>(PATH);
  const may = useMay("own");
  const [name, setName] = useState("");
  const [made, setMade] = useState<NewWorkspace | null>(null);
  const saving = useSaving();
  return (
    <Page title="Workspace">
      <Loaded query={query} lines={4}>
        {(answer) => (
          <>
            <Settings workspace={answer.workspace} />
            <Section
              title="Circuit breaker"
              hint="A trigger of which more goes wrong is paused, and says why. Resume it, and it goes on: what was before counts no more."
            >
              <BreakerForm breaker={answer.workspace.circuit_breaker} />
            </Section>
            <Section
              title="Message limit"
              hint="Whoever has had so many messages of broadcasts is left out, and counted. Messages to one person, such as receipts, are not limited; a broadcast may be left out of it in its settings."
            >
              <LimitForm limit={answer.workspace.message_limit} />
            </Section>
            <Section
              title="URL parameters"
              hint="Added to the links in e-mails, and to those of cio_link in other messages. A message may have its own; a link with the class disable-url-params gets none."
            >
              <UrlParamsForm params={answer.workspace.url_parameters} />
            </Section>
            <Section
              title="Domain of links"
              hint="Links in messages, the unsubscribe page and the opening picture lead here by a domain of your own. Links that are out already go on working."
            >
              <DomainForm />
            </Section>
          </>
        )}
      </Loaded>
      {may && (query.data ?? query.error) !== undefined && (
        <Section title="Another workspace" hint="Its people, broadcasts and keys are apart from this one's.">
          <form
            class="row"
            onSubmit={async (event) => {
              event.preventDefault();
              await saving.run(async () => {
                setMade((await post<{ workspace: NewWorkspace }>(`${OURS}/workspaces`, { name })).workspace);
                setName("");
                void loadSession();
              });
            }}
          >
            <TextField label="Name of the new workspace" value={name} onInput={setName} />
            <Button type="submit" busy={saving.busy}>
              Make it
            </Button>
          </form>
          {saving.problems}
        </Section>
      )}
      <Dialog title="The new workspace's keys" open={made !== null} onClose={() => setMade(null)}>
        {made && <KeysOnce made={made} />}
      </Dialog>
    </Page>
  );
}
