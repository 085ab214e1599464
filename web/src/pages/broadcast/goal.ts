// SPDX-License-Identifier: Apache-2.0
// A goal in words.
import type { SegmentNames } from "../../audience/filter";
import type { Goal } from "../broadcasts/types";

const FROM: Record<Goal["counted_from"], string> = {
  sent: "it was sent",
  delivered: "it was delivered",
  opened: "it was opened",
  clicked: "a link was clicked",
};

/** What counts as success, read back. */
export function goalWords(goal: Goal | null, segments: SegmentNames): string {
  if (!goal) return "none";
  const segment = () => segments.get(goal.segment_id ?? 0) ?? `segment ${goal.segment_id}`;
  const what =
    goal.kind === "event"
      ? `performs ${goal.event || "an event"}${withProperty(goal)}`
      : goal.kind === "enters_segment"
        ? `enters ${segment()}`
        : `leaves ${segment()}`;
  return `somebody ${what} ${windowWords(goal.window_days)} after ${FROM[goal.counted_from]}`;
}

function windowWords(days: Goal["window_days"]): string {
  if (days === null) return "any time";
  return days === 1 ? "within a day" : `within ${days} days`;
}

function withProperty({ property_name, property_value }: Goal): string {
  if (!property_name) return "";
  return property_value ? ` with ${property_name} “${property_value}”` : ` with any ${property_name}`;
}

const HINTS: Record<Goal["counted_from"], string> = {
  sent: "",
  delivered:
    " Reports of deliveries are waited for: conversions show after two minutes, or when a later report counts back.",
  opened: " An opening by a person counts, or a click; not what a mail service loads by itself.",
  clicked: " A click by a person counts, on a link that is tracked.",
};

/** Which messages count, and from when. */
export function countedHint(goal: Goal): string {
  return `E-mails, SMS, WhatsApp, push and in-app messages count, and webhooks where their settings say so.${HINTS[goal.counted_from]}`;
}

export const NEW_GOAL: Goal = {
  kind: "event",
  event: "",
  property_name: "",
  property_value: "",
  segment_id: null,
  window_days: 7,
  counted_from: "sent",
};

/** A goal as the server takes it: only what its kind has. */
export function forServer(goal: Goal | null): Partial<Goal> | null {
  if (!goal) return null;
  const { kind, window_days, counted_from } = goal;
  return kind === "event"
    ? {
        kind,
        window_days,
        counted_from,
        event: goal.event,
        property_name: goal.property_name,
        property_value: goal.property_value,
      }
    : { kind, window_days, counted_from, segment_id: goal.segment_id };
}
