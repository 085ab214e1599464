// SPDX-License-Identifier: Apache-2.0
// Which draft comes next.

/** The one after (or before) the chosen; the first when none is; undefined at the end. */
export function next<T extends { id: string }>(
  all: readonly T[],
  chosen: string | null,
  by: 1 | -1,
): T | undefined {
  const at = all.findIndex((one) => one.id === chosen);
  return at < 0 ? all[0] : all[at + by];
}

/** A message that waits. */
export interface Draft {
  id: string;
  broadcast: { id: number; name: string };
  trigger_id: number;
  action: { id: number; name: string };
  person: { id: string | null; email: string | null; cio_id: string };
  recipient: string;
  subject: string;
  made_at: number;
  changed_since: boolean;
}

type Of = Pick<Draft, "broadcast" | "trigger_id">;

/** What drafts can be of, as a choice: "broadcast 7", "trigger 12", with those of the page and the one that is chosen. */
export function parentsOf(drafts: readonly Of[], chosen: string): (readonly [string, string])[] {
  const found = new Map<string, string>([["", "All broadcasts"]]);
  for (const one of drafts) found.set(`broadcast ${one.broadcast.id}`, one.broadcast.name);
  for (const one of drafts)
    found.set(`trigger ${one.trigger_id}`, `${one.broadcast.name}, trigger ${one.trigger_id}`);
  if (!found.has(chosen)) found.set(chosen, chosen.charAt(0).toUpperCase() + chosen.slice(1));
  return [...found];
}

/** What is chosen, inside a sentence. */
export function parentWords(drafts: readonly Of[], chosen: string): string {
  const known = drafts.find((one) => chosen === `broadcast ${one.broadcast.id}`);
  return known ? known.broadcast.name : chosen;
}
