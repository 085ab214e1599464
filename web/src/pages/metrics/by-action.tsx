// SPDX-License-Identifier: Apache-2.0
// The messages of a broadcast side by side: what was sent, and what people did with it.
import { basisOf } from "../../lib/basis";
import { number, percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { Table } from "../../ui/table";
import { type Action, actionName, isOnPeople } from "../broadcasts/types";
import { sum } from "./steps";

type Numbers = Record<string, number[]>;

function Cell({ path, show }: { path: string; show: (count: (metric: string) => number) => string }) {
  const { data, error } = useQuery<{ metric: { series: Numbers } }>(path);
  if (!data) return <>{error ? "–" : "…"}</>;
  return <>{show((metric) => sum(data.metric.series[metric]))}</>;
}

interface Props {
  broadcastId: number;
  actions: readonly Pick<Action, "id" | "name" | "kind" | "sending_state">[];
  /** The query of the period. */
  asked: string;
}

/** A row for each; each row asks for its numbers once. */
export function ByAction({ broadcastId, actions, asked }: Props) {
  const cell = (key: string, label: string, show: (count: (metric: string) => number) => string) => ({
    key,
    label,
    number: true,
    show: (one: Props["actions"][number]) =>
      key !== "sent" && isOnPeople(one.kind) ? (
        "–" // nobody opens what was done to them
      ) : (
        <Cell path={`/v1/broadcasts/${broadcastId}/actions/${one.id}/metrics?${asked}`} show={show} />
      ),
  });
  const share = (metric: string) => (count: (name: string) => number) => {
    const whole = count(basisOf(count("sent"), count("delivered")));
    return whole > 0 ? `${number(count(metric))} · ${percent(count(metric), whole)}` : number(count(metric));
  };
  return (
    <Table
      caption="What became of each action's messages"
      rows={actions}
      rowKey={(one) => one.id}
      columns={[
        { key: "name", label: "Action", show: (one) => <span class="break">{actionName(one)}</span> },
        cell("sent", actions.some((one) => isOnPeople(one.kind)) ? "Sent or done" : "Sent", (count) =>
          number(count("sent")),
        ),
        cell("opened", "Opened by people", share("human_opened")),
        cell("clicked", "Clicked by people", share("human_clicked")),
        cell("converted", "Converted", share("converted")),
      ]}
    />
  );
}
