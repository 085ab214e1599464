// SPDX-License-Identifier: Apache-2.0
// Who changed what.
import { OURS } from "../../api/client";
import { useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { SelectField, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";

interface Entry {
  id: string;
  at: number;
  who: string;
  what: string;
  subject: string;
}

/** `/audit?who=&of=&start=`. */
export default function Audit() {
  const [search, setSearch] = useSearch();
  const who = search.get("who") ?? "";
  const start = search.get("start") ?? "";
  const signIns = search.get("of") === "sign-ins";
  const asked = new URLSearchParams({ limit: "50" });
  if (who) asked.set("who", who);
  if (start) asked.set("start", start);
  if (signIns) asked.set("sign_ins", "true");
  const query = useQuery<{ entries: Entry[]; next: string }>(`${OURS}/audit?${asked}`);
  return (
    <Page title="Audit log">
      <div class="row">
        <SelectField
          label="Of"
          value={signIns ? "sign-ins" : "changes"}
          onChange={(of) => setSearch({ of: of === "changes" ? null : of, start: null })}
          options={[
            ["changes", "Changes in this workspace"],
            ["sign-ins", "Sign-ins and accounts of its people"],
          ]}
        />
        <TextField
          label="By"
          placeholder="E-mail or name of a key"
          value={who}
          onInput={(value) => setSearch({ who: value, start: null })}
        />
      </div>
      <Loaded query={query}>
        {({ entries, next }) =>
          entries.length === 0 ? (
            <Empty title="Nothing is written down here">{who && "Names are compared whole."}</Empty>
          ) : (
            <>
              <Table
                caption="Audit log, newest first"
                rows={entries}
                rowKey={(entry) => entry.id}
                columns={[
                  { key: "at", label: "When", show: (entry) => <Time ms={entry.at * 1_000} exact /> },
                  { key: "who", label: "Who", show: (entry) => entry.who },
                  { key: "what", label: "What", show: (entry) => entry.what },
                  { key: "subject", label: "About", show: (entry) => entry.subject || "–" },
                ]}
              />
              <Pager next={next || null} first={!start} onGo={(to) => setSearch({ start: to })} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
