// SPDX-License-Identifier: Apache-2.0
// An entry of a person's journal in words.

export interface Activity {
  id: string;
  type: string;
  name?: string;
  timestamp: number;
  data: Record<string, unknown> | null;
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text === undefined || text === null ? "nothing" : text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** What its data says: changes as from → to, anything else by name. */
export function activityWords(activity: Activity): string {
  const data = activity.data ?? {};
  const parts = Object.entries(data).map(([name, value]) => {
    if (typeof value === "object" && value !== null && ("from" in value || "to" in value)) {
      const { from, to } = value as { from?: unknown; to?: unknown };
      return `${name}: ${short(from ?? "nothing")} → ${short(to ?? "nothing")}`;
    }
    return `${name}: ${short(value)}`;
  });
  return [activity.name, ...parts].filter(Boolean).join(", ") || "–";
}
