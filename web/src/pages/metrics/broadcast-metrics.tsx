// SPDX-License-Identifier: Apache-2.0
// A broadcast's metrics over time, as numbers or as shares, and the links that were clicked.
import { useState } from "preact/hooks";
import { OURS } from "../../api/client";
import { LineChart, type Series } from "../../charts/LineChart";
import { basisOf, basisWords, sharedOf } from "../../lib/basis";
import { number, percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { SelectField } from "../../ui/field";
import { Section } from "../../ui/page";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import "./metrics.css";
import { PERIODS, shares, stepLabels, sum, whose, zoneHere } from "./steps";

type Numbers = Record<string, number[]>;
type Tone = Series["tone"];

const SENDING: readonly [string, string, Tone][] = [
  ["sent", "Sent", 1],
  ["delivered", "Delivered", 2],
  ["failed", "Failed", 6],
  ["undeliverable", "Left out", 5],
];
const HEARD: readonly [string, string, Tone][] = [
  ["opened", "Opened", 1],
  ["clicked", "Clicked", 2],
  ["converted", "Converted", 4],
  ["bounced", "Bounced", 6],
  ["unsubscribed", "Unsubscribed", 3],
];
const TOTALS = [
  "created",
  "sent",
  "delivered",
  "opened",
  "clicked",
  "converted",
  "bounced",
  "failed",
  "unsubscribed",
];

function basis(series: Numbers) {
  return basisOf(sum(series.sent), sum(series.delivered));
}

interface Link {
  link: { id: number; href: string };
  metric: { series: Numbers };
}

/** Charts of a broadcast; for the broadcast's page too. */
export function BroadcastMetrics({ broadcastId }: { broadcastId: number }) {
  const [which, setWhich] = useState("14d");
  const [how, setHow] = useState("numbers");
  const [action, setAction] = useState("");
  const [, , period, steps] = PERIODS.find(([key]) => key === which) ?? PERIODS[1] ?? ["", "", "days", 14];
  const base = `/v1/broadcasts/${broadcastId}${action ? `/actions/${action}` : ""}/metrics`;
  const zone = zoneHere();
  const asked = `period=${period}&steps=${steps}&tz=${encodeURIComponent(zone)}`;
  const query = useQuery<{ metric: { series: Numbers } }>(`${base}?${asked}`);
  const links = useQuery<{ links: Link[] }>(`${base}/links?${asked}`);
  const unique = useQuery<{ links: Link[] }>(`${base}/links?${asked}&unique=true`);
  const broadcast = useQuery<{ broadcast: { actions: { id: number; name: string; kind: string }[] } }>(
    `${OURS}/broadcasts/${broadcastId}`,
  );
  const actions = broadcast.data?.broadcast.actions ?? [];
  const labels = stepLabels(period, steps, Date.now(), zone);
  return (
    <div class="stack">
      <div class="row">
        <SelectField
          label="Period"
          value={which}
          onChange={setWhich}
          options={PERIODS.map(([key, words]) => [key, words] as const)}
        />
        <SelectField
          label="Show"
          value={how}
          onChange={setHow}
          options={[
            ["numbers", "Numbers"],
            ["shares", "Shares"],
          ]}
        />
        {actions.length > 1 && (
          <SelectField
            label="Action"
            value={action}
            onChange={setAction}
            options={[
              ["", "All actions"],
              ...actions.map((one) => [String(one.id), one.name || `${one.kind} ${one.id}`] as const),
            ]}
          />
        )}
      </div>
      <Loaded query={query} lines={12}>
        {({ metric: { series } }) =>
          sum(series.created) === 0 ? (
            <Empty title="Nothing was sent in this period" />
          ) : (
            <>
              <Totals series={series} />
              <Section title={how === "shares" ? "Of all messages" : "Messages"}>
                <Chart
                  label="What became of the messages"
                  lines={SENDING}
                  series={series}
                  labels={labels}
                  of={how === "shares" ? series.created : undefined}
                />
              </Section>
              <Section title={how === "shares" ? `Of what was ${basis(series)}` : "What was heard"}>
                <Chart
                  label="What was heard of the messages"
                  lines={HEARD}
                  series={series}
                  labels={labels}
                  of={how === "shares" ? series[basis(series)] : undefined}
                />
              </Section>
              <Section
                title="By people and by machines"
                hint="Mail services and scanners open messages and follow links by themselves."
              >
                <Whose series={series} />
              </Section>
              <p class="muted small">
                Everything is booked on the moment when the trigger's audience was worked out. Days begin at
                00:00 in {zone}; where a program asks for no zone, in UTC−5.
              </p>
            </>
          )
        }
      </Loaded>
      <Section title="Links">
        <Loaded query={links} lines={3}>
          {({ links: found }) => (
            <Links links={found} unique={unique.data?.links ?? []} series={query.data?.metric.series ?? {}} />
          )}
        </Loaded>
      </Section>
    </div>
  );
}

function Chart({
  label,
  lines,
  series,
  labels,
  of,
}: {
  label: string;
  lines: readonly (readonly [string, string, Tone])[];
  series: Numbers;
  labels: readonly string[];
  of?: number[];
}) {
  const shown = lines.map(([key, name, tone]) => {
    const values = series[key] ?? labels.map(() => 0);
    return { name, tone, values: of ? shares(values, of) : values };
  });
  const share = (value: number) => percent(value, 1);
  return (
    <LineChart
      label={label}
      series={shown}
      steps={labels}
      whole={!of}
      format={of ? share : number}
      {...(of ? { axis: share } : {})}
    />
  );
}

function Totals({ series }: { series: Numbers }) {
  const of = (name: string) => sum(series[name === "failed" ? "sent" : sharedOf(name, basis(series))]);
  return (
    <div class="stack">
      <dl class="totals">
        {TOTALS.map((name) => (
          <div key={name} class="card">
            <dt class="muted">
              {name === "created" ? "Messages" : name.charAt(0).toUpperCase() + name.slice(1)}
            </dt>
            <dd>
              <strong>{number(sum(series[name]))}</strong>
              {name !== "created" && name !== "sent" && (
                <span class="muted small"> {percent(sum(series[name]), of(name))}</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <p class="muted small">{basisWords(basis(series))}</p>
    </div>
  );
}

/** Who opened and clicked, as far as requests say it. */
function Whose({ series }: { series: Numbers }) {
  const whole = basis(series);
  return (
    <Table
      caption="Opened and clicked, by people and by machines"
      rows={whose(series)}
      rowKey={(row) => row.label}
      columns={[
        { key: "label", label: "Messages", show: (row) => row.label },
        { key: "all", label: "All", number: true, show: (row) => number(row.all) },
        { key: "people", label: "By people", number: true, show: (row) => number(row.people) },
        {
          key: "share",
          label: `People, of ${whole}`,
          number: true,
          show: (row) => percent(row.people, sum(series[whole])),
        },
        { key: "machines", label: "By machines", number: true, show: (row) => number(row.machines) },
      ]}
    />
  );
}

function Links({
  links,
  unique,
  series,
}: {
  links: readonly Link[];
  unique: readonly Link[];
  series: Numbers;
}) {
  const whole = basis(series);
  const people = new Map(unique.map((one) => [one.link.id, sum(one.metric.series.clicked)]));
  const rows = links
    .map((one) => ({
      id: one.link.id,
      href: one.link.href,
      clicks: sum(one.metric.series.clicked),
      people: people.get(one.link.id) ?? 0,
    }))
    .filter((row) => row.clicks > 0)
    .sort((one, other) => other.clicks - one.clicks);
  if (rows.length === 0) return <Empty title="No link was clicked in this period" />;
  return (
    <Table
      caption="Links, the most clicked first"
      rows={rows}
      rowKey={(row) => row.id}
      columns={[
        { key: "href", label: "Link", show: (row) => <span class="break">{row.href}</span> },
        { key: "clicks", label: "Clicks", number: true, show: (row) => number(row.clicks) },
        { key: "people", label: "Messages clicked in", number: true, show: (row) => number(row.people) },
        {
          key: "share",
          label: `Of ${whole}`,
          number: true,
          show: (row) => percent(row.people, sum(series[whole])),
        },
      ]}
    />
  );
}
