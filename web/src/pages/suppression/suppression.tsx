// SPDX-License-Identifier: Apache-2.0
// Addresses that get no mail, by why; some can be added, and each be freed.
import { useState } from "preact/hooks";
import { ApiError, del, post } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, type Query, useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { addressesOf } from "../../preview/message";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { SelectField, TextArea, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { KINDS, type Kind, PATH, type Suppressed, soughtIn } from "./kinds";

interface Listed extends Suppressed {
  kind: Kind;
}

const AT_ONCE = 50;
const MOST_ADDED = 200;
const WORDS = new Map<string, string>(KINDS);

type Answer = Query<{ suppressions: Suppressed[] }>;

/** `/suppression?kind=&email=&offset=`. */
export default function Suppression() {
  const [search, setSearch] = useSearch();
  const mayEdit = useMay("edit");
  const [adding, setAdding] = useState(false);
  const [freeing, setFreeing] = useState<Listed | null>(null);
  const kind = KINDS.find(([one]) => one === search.get("kind"))?.[0] ?? "bounces";
  const offset = Number(search.get("offset") ?? 0) || 0;
  const typed = search.get("email") ?? "";
  const sought = soughtIn(typed);
  return (
    <Page
      title="Suppression"
      actions={mayEdit && <Button onClick={() => setAdding(true)}>Suppress addresses</Button>}
    >
      <p class="muted">
        Addresses that get no mail, whoever has them. Providers and receivers add to it by themselves; the
        person stays, and other channels reach them. A whole address is looked for under every reason.
      </p>
      <div class="row filters">
        <SelectField
          label="Why"
          value={kind}
          options={KINDS}
          onChange={(value) => setSearch({ kind: value, offset: null })}
        />
        <TextField
          label="Address or domain"
          type="search"
          value={typed}
          placeholder="ada@example.com"
          spellcheck={false}
          onInput={(value) => setSearch({ email: value, offset: null })}
        />
      </div>
      {sought && "email" in sought ? (
        <Everywhere email={sought.email} mayEdit={mayEdit} onFree={setFreeing} />
      ) : (
        <OfKind
          kind={kind}
          domain={sought?.domain ?? ""}
          offset={offset}
          mayEdit={mayEdit}
          onFree={setFreeing}
          onGo={(at) => setSearch({ offset: at })}
        />
      )}
      {adding && <Add kind={kind} onClose={() => setAdding(false)} />}
      {freeing && (
        <Confirm
          title={`Let ${freeing.email} have mail again?`}
          open
          onClose={() => setFreeing(null)}
          action="Allow it again"
          onConfirm={async () => {
            await del(`${PATH}/${freeing.kind}/${encodeURIComponent(freeing.email)}`);
            invalidate("/v1/esp/");
          }}
        >
          If the reason holds, the next mail fails again, and that harms how receivers see you.
        </Confirm>
      )}
    </Page>
  );
}

interface Some {
  mayEdit: boolean;
  onFree: (one: Listed) => void;
}

/** One address under each reason. */
function Everywhere({ email, ...some }: Some & { email: string }) {
  const ask = (kind: Kind) => `${PATH}/${kind}?${new URLSearchParams({ email })}`;
  const queries: readonly (readonly [Kind, Answer])[] = [
    ["bounces", useQuery(ask("bounces"))],
    ["spam_reports", useQuery(ask("spam_reports"))],
    ["blocks", useQuery(ask("blocks"))],
    ["invalid_emails", useQuery(ask("invalid_emails"))],
  ];
  const [, first] = queries[0] as readonly [Kind, Answer];
  const missing = queries.find(([, query]) => query.data === undefined)?.[1];
  return (
    <Loaded query={missing ?? first} lines={3}>
      {() => (
        <Rows
          {...some}
          empty={`${email} is not suppressed`}
          rows={queries.flatMap(([kind, query]) =>
            (query.data?.suppressions ?? []).map((one) => ({ ...one, kind })),
          )}
        />
      )}
    </Loaded>
  );
}

interface OfKindProps extends Some {
  kind: Kind;
  domain: string;
  offset: number;
  onGo: (offset: string | null) => void;
}

/** All under one reason, by pages. */
function OfKind({ kind, domain, offset, onGo, ...some }: OfKindProps) {
  const asked = new URLSearchParams({ limit: String(AT_ONCE), offset: String(offset) });
  if (domain) asked.set("domain", domain);
  const query: Answer = useQuery(`${PATH}/${kind}?${asked}`);
  return (
    <Loaded query={query} lines={6}>
      {({ suppressions }) => (
        <>
          <Rows
            {...some}
            empty={domain || offset ? "None is found" : "No address is suppressed for this reason"}
            rows={suppressions.map((one) => ({ ...one, kind }))}
          />
          <Pager
            next={suppressions.length === AT_ONCE ? String(offset + AT_ONCE) : null}
            first={offset === 0}
            onGo={onGo}
          />
        </>
      )}
    </Loaded>
  );
}

function Rows({ rows, empty, mayEdit, onFree }: Some & { rows: readonly Listed[]; empty: string }) {
  if (rows.length === 0) return <Empty title={empty} />;
  return (
    <Table
      caption="Suppressed addresses"
      rows={rows}
      rowKey={(one) => `${one.kind} ${one.email}`}
      columns={[
        {
          key: "email",
          label: "Address",
          show: (one) => (
            <a class="break" href={`/people?search=${encodeURIComponent(one.email)}`}>
              {one.email}
            </a>
          ),
        },
        { key: "why", label: "Why", show: (one) => WORDS.get(one.kind) },
        { key: "reason", label: "What was said", show: (one) => <span class="break">{one.reason}</span> },
        { key: "status", label: "Status", show: (one) => one.status || "–" },
        { key: "at", label: "Since", show: (one) => <Time ms={one.created * 1_000} /> },
        {
          key: "free",
          label: "Actions",
          hideLabel: true,
          show: (one) =>
            mayEdit && (
              <Button kind="quiet" aria-label={`Allow again ${one.email}`} onClick={() => onFree(one)}>
                Allow again
              </Button>
            ),
        },
      ]}
    />
  );
}

function Add({ kind, onClose }: { kind: Kind; onClose: () => void }) {
  const [text, setText] = useState("");
  const [why, setWhy] = useState<string>(kind);
  const saving = useSaving(["/email"]);
  const wrong = (detail: string) => new ApiError(422, [{ detail, pointer: "/email" }]);
  return (
    <FormDialog
      title="Suppress addresses"
      onClose={onClose}
      saving={saving}
      action="Suppress them"
      onSave={async () => {
        const addresses = addressesOf(text);
        if (addresses.length === 0) throw wrong("can not be blank");
        if (addresses.length > MOST_ADDED) throw wrong(`at most ${MOST_ADDED} at once`);
        const refused: string[] = [];
        for (const one of addresses) {
          try {
            await post(`${PATH}/${why}/${encodeURIComponent(one)}`);
          } catch (error) {
            if (!(error instanceof ApiError) || error.status !== 422) throw error;
            refused.push(one);
          }
        }
        invalidate("/v1/esp/");
        if (refused.length > 0) {
          setText(refused.join("\n"));
          throw wrong(
            `${refused.length === 1 ? "this is no e-mail address" : "these are no e-mail addresses"}; the others are suppressed`,
          );
        }
        toast(addresses.length === 1 ? "The address is suppressed" : "The addresses are suppressed");
      }}
    >
      <SelectField label="Reason" value={why} options={KINDS} onChange={setWhy} />
      <TextArea
        label="Addresses"
        rows={4}
        value={text}
        hint={`Up to ${MOST_ADDED}, with commas, blanks or line ends between them. Your name is kept with them.`}
        error={saving.about("/email")}
        onInput={setText}
      />
    </FormDialog>
  );
}
