// SPDX-License-Identifier: Apache-2.0
// Reporting webhooks as the API tells of them, and the events that they may ask for.

export interface Webhook {
  id: number;
  name: string;
  endpoint: string;
  disabled: boolean;
  full_resolution: boolean;
  with_content: boolean;
  events: string[];
}

/** `GET …/attempts`. */
export interface Standing {
  delivered: number;
  given_up: number;
  waiting: number;
  first_waiting: string | null;
  next_attempt_at: number | null;
  attempts: { event_id: string; status: number | null; took_ms: number; words: string }[];
}

export const HOOKS = "/v1/reporting_webhooks";

/** What can happen to messages of each channel, by their kind. */
const METRICS: readonly (readonly [kind: string, label: string, metrics: string])[] = [
  [
    "email",
    "E-mail",
    "attempted sent delivered opened clicked converted bounced dropped deferred spammed failed unsubscribed undeliverable drafted",
  ],
  ["sms", "SMS", "attempted sent delivered clicked converted bounced replied failed undeliverable drafted"],
  [
    "whatsapp",
    "WhatsApp",
    "attempted sent delivered opened clicked converted bounced dropped replied failed undeliverable drafted",
  ],
  [
    "push",
    "Push",
    "attempted sent delivered opened clicked converted bounced dropped failed undeliverable drafted",
  ],
  ["in_app", "In-app", "attempted sent opened clicked converted failed undeliverable drafted"],
  ["slack", "Slack", "attempted sent clicked converted failed drafted"],
  ["webhook", "Webhook", "attempted sent clicked converted failed undeliverable drafted"],
];

type Events = readonly (readonly [event: string, words: string])[];

/** What can happen, with words for people, in groups; those of one webhook that are not among them are kept. */
export const GROUPS: readonly { label: string; events: Events }[] = [
  ...METRICS.map(([kind, label, metrics]) => ({
    label,
    events: metrics.split(" ").map((metric) => [`${kind}_${metric}`, `${label} ${metric}`] as const),
  })),
  {
    label: "People",
    events: [
      ["customer_subscribed", "Person subscribed"],
      ["customer_unsubscribed", "Person unsubscribed"],
      ["cio_subscription_preferences_changed", "Person changed their preferences"],
    ],
  },
];

/** The same in one list. */
export const EVENTS: Events = GROUPS.flatMap((group) => group.events);

/** Events after a box was ticked or cleared, in a steady order. */
export function toggled(events: readonly string[], event: string, on: boolean): string[] {
  const known = EVENTS.map(([name]) => name);
  const next = on ? [...new Set([...events, event])] : events.filter((one) => one !== event);
  const rank = (name: string) => (known.includes(name) ? known.indexOf(name) : known.length);
  return next.sort((one, other) => rank(one) - rank(other));
}

/** When an event happened: a ULID begins with 48 bits of milliseconds in Crockford's base 32. */
export function timeOf(ulid: string): number | null {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let ms = 0;
  for (const digit of ulid.slice(0, 10).toUpperCase()) {
    const value = digits.indexOf(digit);
    if (value < 0) return null;
    ms = ms * 32 + value;
  }
  return ulid.length === 26 ? ms : null;
}

/** The bounds of a replay from two days (in the reader's zone), as Unix seconds; the last day counts whole. */
export function bounds(from: string, to: string): { from?: number; to?: number } {
  const found: { from?: number; to?: number } = {};
  if (from) found.from = Math.floor(new Date(`${from}T00:00:00`).getTime() / 1_000);
  if (to) found.to = Math.floor(new Date(`${to}T23:59:59`).getTime() / 1_000);
  return found;
}
