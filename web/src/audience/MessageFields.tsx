// SPDX-License-Identifier: Apache-2.0
// The fields of a condition on what became of a broadcast's messages.
import { OURS } from "../api/client";
import { useQuery } from "../lib/query";
import { Within } from "./EventFields";
import type { MessageCondition } from "./filter";

const METRICS: readonly (readonly [metric: string, words: string, inverse: string])[] = [
  ["sent", "was sent", "was not sent"],
  ["delivered", "received", "did not receive"],
  ["opened", "opened", "did not open"],
  ["human_opened", "opened in person", "did not open in person"],
  ["clicked", "clicked in", "did not click in"],
  ["human_clicked", "clicked in person in", "did not click in person in"],
  ["converted", "converted by", "did not convert by"],
  ["bounced", "bounced", "did not bounce"],
  ["failed", "could not be sent", "had no failure of"],
  ["unsubscribed", "unsubscribed by", "did not unsubscribe by"],
  ["spammed", "complained about", "did not complain about"],
];

/** What became of which broadcast's messages, within which time. */
export function MessageFields({
  condition,
  onChange,
}: {
  condition: MessageCondition;
  onChange: (condition: MessageCondition) => void;
}) {
  const { data } = useQuery<{ broadcasts: { id: number; name: string }[] }>(`${OURS}/broadcasts?limit=1000`);
  const broadcasts = data?.broadcasts ?? [];
  const { inverse, within, ...rest } = condition;
  const build = (metric: string, not: boolean): MessageCondition => ({
    ...rest,
    metric,
    ...(within && { within }),
    ...(not && { inverse: true }),
  });
  return (
    <>
      <select
        class="control filter-field"
        aria-label="What became of the message"
        value={condition.metric + (inverse ? "-not" : "")}
        onChange={(event) => {
          const [metric = "sent", not] = event.currentTarget.value.split("-");
          onChange(build(metric, not !== undefined));
        }}
      >
        {METRICS.flatMap(([metric, words, denied]) => [
          <option key={metric} value={metric}>
            {words}
          </option>,
          <option key={`${metric}-not`} value={`${metric}-not`}>
            {denied}
          </option>,
        ])}
      </select>
      <select
        class="control"
        aria-label="Broadcast"
        value={String(condition.broadcast)}
        onChange={(event) => onChange({ ...condition, broadcast: Number(event.currentTarget.value) })}
      >
        <option value="0">Choose…</option>
        {broadcasts.map((one) => (
          <option key={one.id} value={String(one.id)}>
            {one.name}
          </option>
        ))}
        {condition.broadcast > 0 && !broadcasts.some((one) => one.id === condition.broadcast) && (
          <option value={String(condition.broadcast)}>broadcast {condition.broadcast}</option>
        )}
      </select>
      {condition.action !== undefined && <span class="muted">action {condition.action}</span>}
      <Within
        value={within}
        onChange={(period) => {
          const { within: _, ...ever } = condition;
          onChange(period ? { ...ever, within: period } : ever);
        }}
      />
    </>
  );
}
