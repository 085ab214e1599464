// SPDX-License-Identifier: Apache-2.0
// The keys that programs call the API with.
import { useState } from "preact/hooks";
import { del, OURS, post } from "../../api/client";
import { invalidate, useQuery } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Confirm, Dialog, FormDialog } from "../../ui/dialog";
import { CheckField, Radios, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { AppSecret } from "./app-secret";

interface Key {
  id: number;
  kind: "app" | "track";
  name: string;
  scopes: string[];
  site_id: string | null;
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
}

const PATH = `${OURS}/keys`;
const SCOPES: readonly [string, string][] = [
  ["app", "All of the App API"],
  ["app:read", "Only reading"],
  ["app:write", "Only changing"],
  ["app:send", "Only sending: triggers and messages to one person"],
  ["manage", "Clarion's own management API"],
];

type MadeKey = Key & { secret: string };

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (made: MadeKey) => void }) {
  const [kind, setKind] = useState("app");
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["app"]);
  const saving = useSaving(["/name"]);
  return (
    <FormDialog
      title="Make a key"
      onClose={onClose}
      saving={saving}
      action="Make the key"
      onSave={async () => {
        const body = kind === "app" ? { kind, name, scopes } : { kind, name };
        onMade((await post<{ key: MadeKey }>(PATH, body)).key);
        invalidate(PATH);
      }}
    >
      <TextField
        label="Name"
        hint="What it is for: it stands in the audit log and in triggers."
        value={name}
        error={saving.about("/name")}
        onInput={setName}
      />
      <Radios
        legend="Kind"
        value={kind}
        onChange={setKind}
        options={[
          {
            value: "app",
            label: "App API key",
            hint: "Triggers broadcasts, reads what became of them. A bearer token.",
          },
          {
            value: "track",
            label: "Track API key",
            hint: "Identifies people and tells events. Comes with a site id.",
          },
        ]}
      />
      {kind === "app" && (
        <fieldset class="stack-tight">
          <legend>What it opens</legend>
          {SCOPES.map(([scope, words]) => (
            <CheckField
              key={scope}
              label={words}
              checked={scopes.includes(scope)}
              onChange={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
            />
          ))}
        </fieldset>
      )}
    </FormDialog>
  );
}

/** Shown once, right after it was made. */
function TheNewKey({ made, onClose }: { made: MadeKey; onClose: () => void }) {
  return (
    <Dialog
      title="The new key"
      open
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          I have it
        </Button>
      }
    >
      <div class="stack">
        <p>Copy it now: only its hash is kept, nobody can show it again.</p>
        {made.site_id && (
          <div class="stack-tight">
            <h3>Site id</h3>
            <div class="row">
              <code class="break">{made.site_id}</code>
              <CopyButton text={made.site_id} />
            </div>
          </div>
        )}
        <div class="stack-tight">
          <h3>{made.kind === "app" ? "App API key" : "Track API key"}</h3>
          <div class="row">
            <code class="break">{made.secret}</code>
            <CopyButton text={made.secret} />
          </div>
        </div>
      </div>
    </Dialog>
  );
}

/** `/keys`. */
export default function Keys() {
  const query = useQuery<{ keys: Key[] }>(PATH);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<MadeKey | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <Page
      title="API keys"
      actions={
        <Button kind="primary" onClick={() => setMaking(true)}>
          Make a key
        </Button>
      }
    >
      <Loaded query={query}>
        {({ keys }) =>
          keys.length === 0 ? (
            <Empty title="No keys yet">Programs need one to call the API.</Empty>
          ) : (
            <Table
              caption="API keys"
              rows={keys}
              rowKey={(key) => key.id}
              columns={[
                { key: "name", label: "Name", show: (key) => key.name },
                {
                  key: "kind",
                  label: "Opens",
                  show: (key) => (
                    <span class="row">
                      {(key.kind === "track" ? [`track, site ${key.site_id}`] : key.scopes).map((scope) => (
                        <Pill key={scope}>{scope}</Pill>
                      ))}
                    </span>
                  ),
                },
                { key: "made", label: "Made", show: (key) => <Time ms={key.created_at * 1_000} /> },
                {
                  key: "used",
                  label: "Last used",
                  show: (key) => (key.last_used_at ? <Time ms={key.last_used_at * 1_000} /> : "never"),
                },
                {
                  key: "state",
                  label: "State",
                  show: (key) =>
                    key.revoked_at ? <Pill tone="bad">revoked</Pill> : <Pill tone="good">open</Pill>,
                },
                {
                  key: "revoke",
                  label: "Actions",
                  hideLabel: true,
                  show: (key) =>
                    key.revoked_at ? null : (
                      <Button kind="quiet" aria-label={`Revoke ${key.name}`} onClick={() => setRevoking(key)}>
                        Revoke
                      </Button>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {/* After the keys, which would push it down. */}
      {(query.data ?? query.error) !== undefined && <AppSecret />}
      {making && <NewKey onClose={() => setMaking(false)} onMade={setMade} />}
      {made && <TheNewKey made={made} onClose={() => setMade(null)} />}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          open
          danger
          action="Revoke the key"
          onClose={() => setRevoking(null)}
          onConfirm={async () => {
            await del(`${PATH}/${revoking.id}`);
            invalidate(PATH);
          }}
        >
          Programs that use it are refused from now on. This cannot be undone.
        </Confirm>
      )}
    </Page>
  );
}
