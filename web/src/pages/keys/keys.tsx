// SPDX-License-Identifier: Apache-2.0
// The keys that programs call the API with.
import { useState } from "preact/hooks";
import { ApiError, del, OURS, post } from "../../api/client";
import { invalidate, useQuery } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Confirm, Dialog } from "../../ui/dialog";
import { CheckField, Radios, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded, Problems } from "../../ui/states";
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

function NewKey({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [kind, setKind] = useState("app");
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["app"]);
  const [made, setMade] = useState<(Key & { secret: string }) | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const close = () => {
    setName("");
    setMade(null);
    setError(null);
    onClose();
  };
  const create = async () => {
    setBusy(true);
    setError(null);
    try {
      const body = kind === "app" ? { kind, name, scopes } : { kind, name };
      setMade((await post<{ key: Key & { secret: string } }>(PATH, body)).key);
      invalidate(PATH);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={made ? "The new key" : "Make a key"}
      open={open}
      onClose={close}
      actions={
        made ? (
          <Button kind="primary" onClick={close}>
            I have it
          </Button>
        ) : (
          <>
            <Button onClick={close}>Cancel</Button>
            <Button kind="primary" busy={busy} onClick={create}>
              Make the key
            </Button>
          </>
        )
      }
    >
      {made ? (
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
      ) : (
        <div class="stack">
          <TextField
            label="Name"
            hint="What it is for: it stands in the audit log and in triggers."
            value={name}
            error={error instanceof ApiError ? error.about("/name") : undefined}
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
                  onChange={(on) =>
                    setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))
                  }
                />
              ))}
            </fieldset>
          )}
          {error !== null && <Problems error={error} besides={["/name"]} />}
        </div>
      )}
    </Dialog>
  );
}

/** `/keys`. */
export default function Keys() {
  const query = useQuery<{ keys: Key[] }>(PATH);
  const [making, setMaking] = useState(false);
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
      <NewKey open={making} onClose={() => setMaking(false)} />
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
