// SPDX-License-Identifier: Apache-2.0
// Versions of a broadcast in words. Without a DOM.

export type Reason = "found" | "created" | "edited" | "activated" | "restored";

export interface Version {
  version: number;
  current: boolean;
  reason: Reason;
  changed_by: string | null;
  begun_at: number;
  saved_at: number;
  restored_from: number | null;
  triggers: number;
  last_trigger_id: number | null;
  changed: string[];
}

export interface Difference {
  field: string;
  before: unknown;
  after: unknown;
}

const WORDS: Readonly<Record<Reason, string>> = {
  found: "As it was",
  created: "Created",
  edited: "Edited",
  activated: "Activated",
  restored: "Gone back",
};

/** What happened: "Edited by ada", "Gone back to version 4 by ada". */
export function happened(one: Version): string {
  const what =
    one.reason === "restored" && one.restored_from !== null
      ? `Gone back to version ${one.restored_from}`
      : WORDS[one.reason];
  return one.changed_by ? `${what} by ${one.changed_by}` : what;
}

/** "sent by trigger 12", "sent by 3 triggers, the last 12"; null where none took it. */
export function sent(one: Version): string | null {
  if (one.triggers === 0) return null;
  if (one.triggers === 1) return `sent by trigger ${one.last_trigger_id}`;
  return `sent by ${one.triggers} triggers, the last ${one.last_trigger_id}`;
}
