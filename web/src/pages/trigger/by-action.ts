// SPDX-License-Identifier: Apache-2.0
// What became of one action's messages in a trigger, in a cell's words; without a DOM.

import type { SegmentNames } from "../../audience/filter";
import { basisOf, sharedOf } from "../../lib/basis";
import { number, percent } from "../../lib/format";
import { alone } from "../../lib/whose";
import { goalWords } from "../broadcast/goal";
import type { Goal } from "../broadcasts/types";

/** `GET /triggers/{id}/actions`. */
export interface TriggerActions {
  actions: ActionNumbers[];
  /** As it was when it was triggered. */
  goal: Goal | null;
}

export interface ActionNumbers {
  id: number;
  name: string;
  kind: string;
  metrics: Record<string, number>;
  /** What can be heard of its messages at all. */
  tells: string[];
  reasons: Record<string, Record<string, number>>;
  /** Those of a fake bcc, which no metric counts; null: there were none. */
  copies: Copies | null;
}

export interface Copies {
  sent: number;
  not_sent: number;
  unknown: number;
  last_reason: string | null;
}

/** What became of the copies of an action's messages; "" where there were none. */
export function copiesWords({ copies }: ActionNumbers): string {
  if (!copies) return "";
  const words = [`${number(copies.sent)} sent`];
  if (copies.not_sent > 0) words.push(`${number(copies.not_sent)} not sent`);
  if (copies.unknown > 0) words.push(`${number(copies.unknown)} perhaps sent`);
  return words.join(", ");
}

/** Of all the trigger's messages: each belongs to one action. */
export function totalsOf(actions: readonly ActionNumbers[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { metrics } of actions)
    for (const [metric, n] of Object.entries(metrics)) sums[metric] = (sums[metric] ?? 0) + n;
  return sums;
}

/** What counts as converted in a trigger. */
export function convertedWords(goal: Goal | null, converted: number, segments: SegmentNames): string {
  if (!goal)
    return converted > 0
      ? "It had no goal when it was triggered: what converted was told by API."
      : "It had no goal when it was triggered: nothing of it counts as converted.";
  return `Converted, as its goal was when it was triggered: ${goalWords(goal, segments)}. Each person once, for the last message before it.`;
}

/** Whether nobody tells what was delivered, as plain SMTP does not: a 0 would say that nothing was. */
export function isUntold(metrics: Record<string, number>): boolean {
  return (metrics.sent ?? 0) > 0 && !metrics.delivered;
}

/** A number with its share; "–" where nothing can be heard of it. */
export function heardWords(of: ActionNumbers, metric: string): string {
  if (!of.metrics[metric] && !of.tells.includes(metric.replace("human_", ""))) return "–";
  if (metric === "delivered" && isUntold(of.metrics)) return "not told";
  const { sent = 0, delivered = 0, [metric]: value = 0 } = of.metrics;
  const whole = sharedOf(metric, basisOf(sent, delivered)) === "sent" ? sent : delivered;
  return whole > 0 ? `${number(value)} · ${percent(value, whole)}` : number(value);
}

/** What only machines opened, or clicked in; "" where there is none. */
export function machineWords(of: ActionNumbers, metric: "opened" | "clicked"): string {
  const machines = alone(of.metrics[metric] ?? 0, of.metrics[`human_${metric}`] ?? 0);
  return machines > 0 ? `and ${number(machines)} by machines alone` : "";
}
