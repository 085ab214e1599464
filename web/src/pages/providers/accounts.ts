// SPDX-License-Identifier: Apache-2.0
// What is said of accounts at providers, and the lines that add one. Without a DOM.
import { count, dateTime, number, relative } from "../../lib/format";
import type { Tone } from "../../ui/pill";
import type { Provider } from "./words";

/** What an account's limits are, how it fares, and what of it is set here. */
export interface Account {
  account: string;
  enabled: boolean;
  per_second: number;
  per_day: number;
  ramp: string;
  changed: string[];
  /** paused: until `away.until`; trying: the next message asks it. */
  circuit: "closed" | "paused" | "trying";
  away: { words: string; since: number; until: number; processes: number } | null;
  /** What was last wrong with it, also when it takes messages again. */
  failed: { words: string; at: number } | null;
  today: { sent: number; share: number | null; ramp_day: number | null } | null;
}

/** Channels whose accounts somebody may order and limit; the others are kept in our own database. */
const LIMITED = ["email", "webhook", "sms", "whatsapp", "push", "slack"];

const TITLES: Record<string, string> = {
  email: "E-mail",
  webhook: "Webhooks",
  sms: "SMS",
  whatsapp: "WhatsApp",
  push: "Push",
  slack: "Slack",
  in_app: "In-app messages",
  inbox_message: "Inbox messages",
};

export function titleOf(channel: string): string {
  return TITLES[channel] ?? channel;
}

export function isLimited(channel: string): boolean {
  return LIMITED.includes(channel);
}

/** Accounts by their channels, in the order of both. */
export function byChannel(providers: readonly Provider[]): [string, Provider[]][] {
  const found = new Map<string, Provider[]>();
  for (const one of providers) found.set(one.channel, [...(found.get(one.channel) ?? []), one]);
  return [...found];
}

/** How an account fares, in a few words. */
export function stateOf(one: Provider): { words: string; tone: Tone } {
  if (!one.enabled) return { words: "switched off", tone: "quiet" };
  if (isUsedUp(one)) return { words: "today’s share is used up", tone: "warn" };
  if (one.circuit === "paused") return { words: "takes no messages", tone: "bad" };
  if (one.circuit === "trying") return { words: "tried with the next message", tone: "warn" };
  if (one.captures) return { words: "captured", tone: "warn" };
  return { words: "takes messages", tone: "good" };
}

function isUsedUp(one: Account): boolean {
  return one.today !== null && one.today.share !== null && one.today.sent >= one.today.share;
}

/** Why it takes none, since and until when; or what was last wrong with it. */
export function troubleOf(one: Account, now: number = Date.now()): string | null {
  if (!one.enabled || isUsedUp(one)) return null;
  if (one.away) {
    const { words, since, until, processes } = one.away;
    const who = count(processes, "process waits", "processes wait");
    const then =
      one.circuit === "paused"
        ? `${who} until ${dateTime(until * 1_000, true)}, then one message asks it.`
        : `${who} for a message that asks it.`;
    return `${words} – since ${relative(since * 1_000, now)}. ${then}`;
  }
  return one.failed && `Last trouble ${relative(one.failed.at * 1_000, now)}: ${one.failed.words}`;
}

/** Its limits, in sentences; none for none. */
export function limitsOf(one: Account): string[] {
  const found = [];
  if (one.per_second > 0) found.push(`At most ${number(one.per_second)} a second.`);
  if (one.per_day > 0) found.push(`At most ${number(one.per_day)} a day.`);
  if (one.today) {
    const { sent, share, ramp_day } = one.today;
    if (ramp_day !== null) found.push(`Day ${ramp_day} of its ramp (${one.ramp}).`);
    else if (one.ramp) found.push("Its ramp is over.");
    found.push(
      share === null
        ? `${count(sent, "message", "messages")} today.`
        : `${number(sent)} of ${number(share)} today.`,
    );
  }
  return found;
}

/** The names with one of them a place up (-1) or down (1). */
export function moved(names: readonly string[], name: string, by: -1 | 1): string[] {
  const at = names.indexOf(name);
  const to = at + by;
  const found = [...names];
  if (at < 0 || to < 0 || to >= found.length) return found;
  [found[at], found[to]] = [found[to] as string, found[at] as string];
  return found;
}

/** What a number in a form is; "" for none. `undefined`: it is none. */
export function numberIn(text: string): number | undefined {
  const bare = text.trim();
  if (bare === "") return 0;
  const value = Number(bare);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

const OPTIONS: Record<string, string[]> = {
  smtp: ['host = "mail.example.com"', "port = 587", 'username = "…"', 'password = "…"'],
  ses: ['region = "eu-west-1"', 'access_key_id = "AKIA…"', 'secret_access_key = "…"'],
  sendgrid: ['api_key = "SG.…"'],
  mailgun: ['domain = "mg.example.com"', 'api_key = "…"'],
  postmark: ['token = "…"'],
  resend: ['api_key = "re_…"'],
  twilio: ['account_sid = "AC…"', 'auth_token = "…"', 'sender = "+15005550006"'],
  slack: ['token = "xoxb-…"'],
  push: ['fcm_credentials = "/etc/clarion/firebase.json"', 'apns_topic = "com.example.app"'],
};

/** Providers that further accounts of a channel can be at. */
export function addable(mine: readonly Provider[]): string[] {
  const first = mine[0];
  const known = first ? [first.provider, ...first.others] : [];
  return known.filter((name) => name in OPTIONS).sort();
}

/** The lines of the settings file that add an account. */
export function linesOf(channel: string, provider: string, taken: readonly string[]): string {
  let name = `${provider}-2`;
  for (let no = 3; taken.includes(name); no++) name = `${provider}-${no}`;
  const lines = [`[accounts.${name}]`, `channel = "${channel}"`, `provider = "${provider}"`];
  return [...lines, ...(OPTIONS[provider] ?? [])].join("\n");
}

/** The same for the environment: the name of a variable. */
export function accountVariable(account: string, option: string): string {
  return `CLARION_ACCOUNTS_${account.replaceAll("-", "_")}_${option}`.toUpperCase();
}
