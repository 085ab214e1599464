// SPDX-License-Identifier: Apache-2.0
// What a person did (events), and what happened to them (the journal of 30 days).
import { OURS } from "../../api/client";
import { useGrowing } from "../../lib/growing";
import { More } from "../../ui/more";
import { Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { type Activity, activityWords } from "./activity";

interface Event {
  id: string;
  type: string;
  name: string;
  at: number;
  data: Record<string, unknown>;
}

function EventData({ data }: { data: Record<string, unknown> }) {
  const keys = Object.keys(data);
  if (keys.length === 0) return <span class="muted">none</span>;
  return (
    <details>
      <summary class="break">{keys.slice(0, 6).join(", ") + (keys.length > 6 ? ", …" : "")}</summary>
      <pre class="break">{JSON.stringify(data, null, 2)}</pre>
    </details>
  );
}

export function Events({ cio }: { cio: string }) {
  const list = useGrowing<{ events: Event[]; next: string }>(`${OURS}/people/cio_${cio}/events?limit=50`);
  const events = list.pages.flatMap((page) => page.events);
  return (
    <Loaded query={list.first}>
      {() =>
        events.length === 0 ? (
          <Empty title="No events">They come by the Track API, or from a CSV file of events.</Empty>
        ) : (
          <div class="stack">
            <Table
              caption="Events, newest first"
              rows={events}
              rowKey={(one) => one.id}
              columns={[
                { key: "at", label: "When", show: (one) => <Time ms={one.at * 1_000} /> },
                { key: "name", label: "Event", show: (one) => <span class="break">{one.name}</span> },
                { key: "type", label: "Kind", show: (one) => one.type },
                { key: "data", label: "Data", show: (one) => <EventData data={one.data} /> },
              ]}
            />
            <More list={list} />
          </div>
        )
      }
    </Loaded>
  );
}

export function Activities({ cio }: { cio: string }) {
  const list = useGrowing<{ activities: Activity[]; next: string }>(
    `/v1/customers/${cio}/activities?id_type=cio_id&limit=50`,
  );
  const shown = list.pages.flatMap((page) => page.activities);
  return (
    <Loaded query={list.first}>
      {() =>
        shown.length === 0 ? (
          <Empty title="Nothing happened in the last 30 days" />
        ) : (
          <div class="stack">
            <Table
              caption="What happened, newest first"
              rows={shown}
              rowKey={(one) => one.id}
              columns={[
                { key: "at", label: "When", show: (one) => <Time ms={one.timestamp * 1_000} /> },
                { key: "what", label: "What", show: (one) => one.type.replaceAll("_", " ") },
                {
                  key: "words",
                  label: "Details",
                  show: (one) => <span class="break">{activityWords(one)}</span>,
                },
              ]}
            />
            <More list={list} />
          </div>
        )
      }
    </Loaded>
  );
}
