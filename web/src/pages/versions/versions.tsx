// SPDX-License-Identifier: Apache-2.0
// `/broadcasts/:id/history?version=&start=`: who changed what, and going back.

import { OURS } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useSegments } from "../../audience/FilterBuilder";
import { type Names, summary } from "../../compare/fields";
import { useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { BroadcastFrame } from "../broadcast/frame";
import { actionName, type Broadcast } from "../broadcasts/types";
import { OneVersion } from "./version";
import { happened, sent, type Version } from "./words";

interface Answer {
  versions: Version[];
  next: number | null;
}

function List({ broadcast, names }: { broadcast: Broadcast; names: Names }) {
  const [search, setSearch] = useSearch();
  const start = search.get("start");
  const path = `${OURS}/broadcasts/${broadcast.id}/versions?limit=50${start ? `&start=${start}` : ""}`;
  const query = useQuery<Answer>(path);
  return (
    <div class="stack">
      <p class="muted">
        Every change is kept. What one person changes within five minutes is one version, until a trigger
        sends it.
      </p>
      <Loaded query={query}>
        {({ versions, next }) =>
          versions.length === 0 ? (
            <Empty title="No changes yet">What is changed from now on is listed here.</Empty>
          ) : (
            <>
              <Table
                caption="Versions"
                rows={versions}
                rowKey={(one) => one.version}
                columns={[
                  {
                    key: "version",
                    label: "Version",
                    show: (one) => (
                      <div class="row">
                        <a href={`/broadcasts/${broadcast.id}/history?version=${one.version}`}>
                          Version {one.version}
                        </a>
                        {one.current && <Pill tone="good">now</Pill>}
                      </div>
                    ),
                  },
                  { key: "when", label: "When", show: (one) => <Time ms={one.saved_at * 1_000} /> },
                  {
                    key: "what",
                    label: "What",
                    show: (one) => (
                      <div>
                        {happened(one)}
                        {one.changed.length > 0 && (
                          <div class="muted small">{summary(one.changed, names)}</div>
                        )}
                      </div>
                    ),
                  },
                  {
                    key: "sent",
                    label: "Sent",
                    show: (one) =>
                      one.last_trigger_id === null ? (
                        <span class="muted">–</span>
                      ) : (
                        <a href={`/triggers/${one.last_trigger_id}`}>{sent(one)}</a>
                      ),
                  },
                ]}
              />
              <Pager
                next={next === null ? null : String(next)}
                first={!start}
                onGo={(to) => setSearch({ start: to })}
              />
            </>
          )
        }
      </Loaded>
    </div>
  );
}

function History({ broadcast }: { broadcast: Broadcast }) {
  const [search] = useSearch();
  const version = search.get("version");
  const segments = useSegments();
  const names: Names = {
    segments: new Map(segments.map((one) => [one.id, one.name])),
    messages: Object.fromEntries(broadcast.actions.map((one) => [String(one.id), actionName(one)])),
  };
  return version ? (
    <OneVersion key={version} broadcast={broadcast} version={version} names={names} />
  ) : (
    <List broadcast={broadcast} names={names} />
  );
}

export default function VersionsPage({ params }: PageProps) {
  return (
    <BroadcastFrame id={params.id ?? ""} current="history">
      {(broadcast) => <History key={broadcast.id} broadcast={broadcast} />}
    </BroadcastFrame>
  );
}
