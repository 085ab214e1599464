// SPDX-License-Identifier: Apache-2.0
// Addresses that get no mail, by why; one can be added and freed.
import { useState } from "preact/hooks";
import { ApiError, del, post } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";

interface Suppressed {
  created: number;
  email: string;
  reason: string;
  status: string;
}

const PATH = "/v1/esp/suppression";
const AT_ONCE = 50;
const KINDS: readonly (readonly [string, string])[] = [
  ["bounces", "Bounced: there is no such mailbox"],
  ["spam_reports", "Reported as spam"],
  ["blocks", "Blocked by the receiver"],
  ["invalid_emails", "No valid address"],
];

/** `/suppression?kind=&email=&offset=`. */
export default function Suppression() {
  const [search, setSearch] = useSearch();
  const mayEdit = useMay("edit");
  const [adding, setAdding] = useState(false);
  const [freeing, setFreeing] = useState<string | null>(null);
  const kind = search.get("kind") ?? "bounces";
  const offset = Number(search.get("offset") ?? 0) || 0;
  const email = search.get("email") ?? "";
  const asked = new URLSearchParams({ limit: String(AT_ONCE), offset: String(offset) });
  if (email.includes("@")) asked.set("email", email);
  const query = useQuery<{ suppressions: Suppressed[] }>(`${PATH}/${kind}?${asked}`);
  return (
    <Page
      title="Suppression"
      actions={mayEdit && <Button onClick={() => setAdding(true)}>Suppress an address</Button>}
    >
      <p class="muted">
        Addresses that get no mail, whoever has them. Providers and receivers add to it by themselves.
      </p>
      <div class="row filters">
        <SelectField
          label="Why"
          value={kind}
          options={KINDS}
          onChange={(value) => setSearch({ kind: value, offset: null })}
        />
        <TextField
          label="Address"
          type="search"
          value={email}
          placeholder="The whole address"
          spellcheck={false}
          onInput={(value) => setSearch({ email: value, offset: null })}
        />
      </div>
      <Loaded query={query} lines={6}>
        {({ suppressions }) => (
          <>
            {suppressions.length === 0 ? (
              <Empty title={email || offset ? "None is found" : "No address is suppressed for this reason"} />
            ) : (
              <Table
                caption="Suppressed addresses"
                rows={suppressions}
                rowKey={(one) => one.email}
                columns={[
                  { key: "email", label: "Address", show: (one) => <span class="break">{one.email}</span> },
                  {
                    key: "reason",
                    label: "What was said",
                    show: (one) => <span class="break">{one.reason}</span>,
                  },
                  { key: "status", label: "Status", show: (one) => one.status || "–" },
                  { key: "at", label: "Since", show: (one) => <Time ms={one.created * 1_000} /> },
                  {
                    key: "free",
                    label: "Actions",
                    hideLabel: true,
                    show: (one) =>
                      mayEdit && (
                        <Button
                          kind="quiet"
                          aria-label={`Allow again ${one.email}`}
                          onClick={() => setFreeing(one.email)}
                        >
                          Allow again
                        </Button>
                      ),
                  },
                ]}
              />
            )}
            <Pager
              next={suppressions.length === AT_ONCE ? String(offset + AT_ONCE) : null}
              first={offset === 0}
              onGo={(at) => setSearch({ offset: at })}
            />
          </>
        )}
      </Loaded>
      {adding && <Add kind={kind} onClose={() => setAdding(false)} />}
      {freeing && (
        <Confirm
          title={`Let ${freeing} have mail again?`}
          open
          onClose={() => setFreeing(null)}
          action="Allow it again"
          onConfirm={async () => {
            await del(`${PATH}/${kind}/${encodeURIComponent(freeing)}`);
            invalidate(PATH);
          }}
        >
          If the reason holds, the next mail fails again, and that harms how receivers see you.
        </Confirm>
      )}
    </Page>
  );
}

function Add({ kind, onClose }: { kind: string; onClose: () => void }) {
  const [email, setEmail] = useState("");
  const saving = useSaving(["/email"]);
  const words = KINDS.find(([one]) => one === kind)?.[1] ?? kind;
  return (
    <FormDialog
      title="Suppress an address"
      onClose={onClose}
      saving={saving}
      action="Suppress it"
      onSave={async () => {
        if (!email.trim()) throw new ApiError(422, [{ detail: "can not be blank", pointer: "/email" }]);
        await post(`${PATH}/${kind}/${encodeURIComponent(email.trim())}`);
        invalidate(PATH);
      }}
    >
      <TextField
        label="Address"
        type="email"
        value={email}
        hint={`Kept under: ${words}.`}
        error={saving.about("/email")}
        onInput={setEmail}
      />
    </FormDialog>
  );
}
