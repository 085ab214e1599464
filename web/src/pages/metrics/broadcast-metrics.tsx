// SPDX-License-Identifier: Apache-2.0
// A broadcast's metrics over time, as numbers or as shares, and the links that were clicked.
import { useState } from "preact/hooks";
import { OURS } from "../../api/client";
import { LineChart, type Series } from "../../charts/LineChart";
import { basisOf, basisWords, sharedOf } from "../../lib/basis";
import { number, percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { alone, WHOSE_WORDS, whose } from "../../lib/whose";
import { SelectField } from "../../ui/field";
import { Section } from "../../ui/page";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { actionName, type Broadcast } from "../broadcasts/types";
import { ByAction } from "./by-action";
import "./metrics.css";
import { PERIODS, shares, stepLabels, sum, zoneHere } from "./steps";

type Numbers = Record<string, number[]>;
type Tone = Series["tone"];

const SENDING: readonly [string, string, Tone][] = [
  ["sent", "Sent", 1],
  ["delivered", "Delivered", 2],
  ["failed", "Failed", 6],
  ["undeliverable", "Left out", 5],
];
const HEARD: readonly [string, string, Tone][] = [
  ["human_opened", "Opened by people", 1],
  ["human_clicked", "Clicked by people", 2],
  ["converted", "Converted", 4],
  ["bounced", "Bounced", 6],
  ["unsubscribed", "Unsubscribed", 3],
];
const CONVERTED: readonly [string, string, Tone][] = [["converted", "Converted", 4]];
const TOTALS = [
  ["created", "Messages"],
  ["sent", "Sent"],
  ["delivered", "Delivered"],
  ["human_opened", "Opened by people"],
  ["human_clicked", "Clicked by people"],
  ["converted", "Converted"],
  ["bounced", "Bounced"],
  ["failed", "Failed"],
  ["unsubscribed", "Unsubscribed"],
] as const;

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
  const broadcast = useQuery<{ broadcast: Pick<Broadcast, "goal" | "actions"> }>(
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
              ...actions.map((one) => [String(one.id), actionName(one)] as const),
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
              <Section title="By people and by machines" hint={WHOSE_WORDS}>
                <LineChart
                  label="Opened and clicked, by people and by machines alone"
                  series={linesOfWhose(series, labels.length, how === "shares")}
                  steps={labels}
                  whole={how !== "shares"}
                  format={how === "shares" ? (value) => percent(value, 1) : number}
                  {...(how === "shares" ? { axis: (value: number) => percent(value, 1) } : {})}
                />
                <Whose series={series} />
              </Section>
              <Section title="Conversions">
                <Conversions
                  series={series}
                  goal={broadcast.data?.broadcast.goal}
                  broadcastId={broadcastId}
                />
                {sum(series.converted) > 0 && (
                  <Chart
                    label="Messages whose goal was reached"
                    lines={CONVERTED}
                    series={series}
                    labels={labels}
                    of={how === "shares" ? series[basis(series)] : undefined}
                  />
                )}
              </Section>
              {!action && actions.length > 1 && (
                <Section title="By action">
                  <ByAction broadcastId={broadcastId} actions={actions} asked={asked} />
                </Section>
              )}
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
        {TOTALS.map(([name, label]) => (
          <div key={name} class="card">
            <dt class="muted">{label}</dt>
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

/** One colour for openings and one for clicks; what machines did alone is dashed. */
function linesOfWhose(series: Numbers, steps: number, asShares: boolean): Series[] {
  const none = Array.from({ length: steps }, () => 0);
  const whole = series[basis(series)] ?? none;
  const line = (name: string, tone: Tone, values: number[], dashed: boolean): Series => ({
    name,
    tone,
    dashed,
    values: asShares ? shares(values, whole) : values,
  });
  return (
    [
      ["Opened", "opened", "human_opened", 1],
      ["Clicked", "clicked", "human_clicked", 2],
    ] as const
  ).flatMap(([label, all, people, tone]) => {
    const theirs = series[people] ?? none;
    const machines = (series[all] ?? none).map((count, step) => alone(count, theirs[step] ?? 0));
    return [
      line(`${label} by people`, tone, theirs, false),
      line(`${label} by machines alone`, tone, machines, true),
    ];
  });
}

/** How many converted, in words; and where there is no goal yet, the way to one. */
function Conversions({
  series,
  goal,
  broadcastId,
}: {
  series: Numbers;
  goal: Broadcast["goal"] | undefined;
  broadcastId: number;
}) {
  const whole = basis(series);
  const converted = sum(series.converted);
  const link = <a href={`/broadcasts/${broadcastId}/goal`}>the goal</a>;
  if (goal === null && converted === 0)
    return <p class="muted">Nothing converts as long as nobody says what success is: set {link}.</p>;
  return (
    <p>
      <strong>{number(converted)}</strong> of {number(sum(series[whole]))} messages that were {whole}{" "}
      converted, <strong>{percent(converted, sum(series[whole]))}</strong>: their person reached {link} in
      time. Each person counts once for each trigger, for the last message before it.
    </p>
  );
}

/** Who opened and clicked, as far as requests say it. */
function Whose({ series }: { series: Numbers }) {
  const whole = basis(series);
  return (
    <Table
      caption="Opened and clicked, by people and by machines"
      rows={whose((metric) => sum(series[metric]))}
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
        { key: "alone", label: "By machines alone", number: true, show: (row) => number(row.alone) },
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
