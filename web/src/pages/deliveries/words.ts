// SPDX-License-Identifier: Apache-2.0
// How people and moments of a delivery are named.

/** A person's best name: the address, the id, or the number that never changes. */
export function nameOf(person: { id: string | null; email: string | null; cio_id: string }): string {
  return person.email ?? person.id ?? `cio_${person.cio_id}`;
}

const MOMENTS: Record<string, string> = {
  matched: "In the audience",
  attempts: "Earlier attempts",
  attempted: "Attempted",
  due: "Next attempt",
  sent: "Sent",
  failed: "Failed",
  skipped: "Left out",
  drafted: "Kept as a draft",
  stopped: "Stopped",
  in_doubt: "In doubt",
  human_opened: "Opened by a person",
  prefetch_opened: "Opened by a machine",
  human_clicked: "Clicked by a person",
  machine_clicked: "Clicked by a machine",
  topic_unsubscribed: "Unsubscribed from the topic",
  spammed: "Marked as spam",
};

/** What a moment of a timeline is called. */
export function momentWords(what: string): string {
  const known = MOMENTS[what];
  if (known) return known;
  const words = what.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether a moment is good news, bad news, or neither. */
export function momentTone(what: string): "good" | "bad" | "warn" | "quiet" {
  if (["failed", "bounced", "dropped", "spammed"].includes(what)) return "bad";
  if (["in_doubt", "deferred", "unsubscribed", "topic_unsubscribed", "attempts"].includes(what))
    return "warn";
  if (["sent", "delivered", "opened", "human_opened", "clicked", "human_clicked", "converted"].includes(what))
    return "good";
  return "quiet";
}
