// SPDX-License-Identifier: Apache-2.0
// Imports of people and events, the newest first.

import { OURS } from "../../api/client";
import { useMay } from "../../app/session";
import { number } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { LinkButton } from "../../ui/button";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { type Import, standing } from "./types";

const EVERY_MS = 3_000;

/** `/imports?start=`. */
export default function Imports() {
  const [search, setSearch] = useSearch();
  const mayEdit = useMay("edit");
  const start = search.get("start");
  const query = useQuery<{ imports: Import[]; next: number }>(
    `${OURS}/imports?limit=50${start ? `&start=${encodeURIComponent(start)}` : ""}`,
    { every: EVERY_MS },
  );
  const button = mayEdit && (
    <LinkButton kind="primary" href="/imports/new">
      Import a CSV file
    </LinkButton>
  );
  return (
    <Page title="Imports" actions={button}>
      <Loaded query={query} lines={8}>
        {({ imports, next }) =>
          imports.length === 0 ? (
            <Empty title="Nothing was imported yet">
              A CSV file adds people, or changes what is known of them. It is tried first: you see whom it
              would add and which rows are wrong.
            </Empty>
          ) : (
            <>
              <Table
                caption="Imports, newest first"
                rows={imports}
                rowKey={(one) => one.id}
                columns={[
                  {
                    key: "name",
                    label: "File",
                    show: (one) => <a href={`/imports/${one.id}`}>{one.name}</a>,
                  },
                  {
                    key: "state",
                    label: "State",
                    show: (one) => <Pill tone={standing(one).tone}>{standing(one).words}</Pill>,
                  },
                  {
                    key: "of",
                    label: "Of",
                    show: (one) => (one.type === "event" ? "events" : "people"),
                  },
                  { key: "rows", label: "Rows in", number: true, show: (one) => number(one.rows_imported) },
                  {
                    key: "wrong",
                    label: "Wrong",
                    number: true,
                    show: (one) => number(one.clarion.rows_wrong),
                  },
                  { key: "at", label: "Begun", show: (one) => <Time ms={one.created_at * 1_000} /> },
                ]}
              />
              <Pager
                next={next ? String(next) : null}
                first={!start}
                onGo={(to) => setSearch({ start: to })}
              />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
