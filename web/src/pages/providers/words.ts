// SPDX-License-Identifier: Apache-2.0
// What is said of a provider. Without a DOM.

import { count, relative } from "../../lib/format";
import { type Account, accountVariable } from "./accounts";

export interface Setting {
  name: string;
  value: string | null;
  secret: boolean;
  given: boolean;
}

export interface Provider extends Account {
  channel: string;
  provider: string;
  captures: boolean;
  connections: number;
  refuses_repeats: boolean;
  amp: boolean;
  most_recipients: number | null;
  settings: Setting[];
  others: string[];
}

/** Where a provider tells what became of messages. */
export interface Hook {
  provider: string;
  url: string;
  ready: boolean;
}

/** The mailbox that bounces come to; times in Unix seconds. */
export interface BounceMailbox {
  name: string;
  read_at: number | null;
  failed_at: number | null;
  failure: string | null;
  messages: number;
}

/** How reading it goes, in a sentence. */
export function readingOf(mailbox: BounceMailbox, now: number = Date.now()): string {
  const last = mailbox.read_at === null ? "never yet" : relative(mailbox.read_at * 1_000, now);
  const failed = mailbox.failure === null ? "" : ` It cannot be read now: ${mailbox.failure}.`;
  return `Read to its end ${last}; ${count(mailbox.messages, "message", "messages")} so far.${failed}`;
}

const KEYS: Record<string, string> = {
  mailgun: "CLARION_HOOKS_MAILGUN_KEY",
  resend: "CLARION_HOOKS_RESEND_SECRET",
  sendgrid: "CLARION_HOOKS_SENDGRID_KEY",
  twilio: "CLARION_HOOKS_TWILIO_TOKEN or an account’s auth_token",
};

const PLACES: Record<string, string> = {
  twilio:
    "Enter it as “A message comes in” of each number, or as the messaging service’s webhook of incoming messages (HTTP POST): answers and STOP are then heard. Reports of what becomes of messages need nothing.",
};

/** Where at the provider an address is entered, beyond what its event webhook is called; "" for nothing. */
export function placeOf(hook: Hook): string {
  return PLACES[hook.provider] ?? "";
}

/** Why providers do not call these addresses; "" where they may. */
export function unreachable(base: string, reachable: boolean): string {
  if (!reachable)
    return `No provider reaches ${base}: it is an address of this machine or network. Until server.base_url is one of the internet, with HTTPS, nothing is heard of what becomes of messages, and no answer to an SMS arrives.`;
  return base.startsWith("https://")
    ? ""
    : `${base} has no HTTPS: most providers do not call such an address, and what they tell is readable on its way.`;
}

/** Whether what it tells is believed, and what is missing. */
export function believedOf(hook: Hook): string {
  return hook.ready ? "yes" : `not until ${KEYS[hook.provider] ?? "its key"} is set`;
}

/** What it can do, in sentences. */
export function wordsOf(provider: Provider): string[] {
  const at = provider.connections === 1 ? "one message" : `${provider.connections} messages`;
  return [
    provider.captures
      ? "Every message is captured on this machine: nothing leaves it."
      : `Messages are handed to ${provider.provider}.`,
    `Each process hands over up to ${at} at once.`,
    provider.refuses_repeats
      ? "It refuses to send a message twice, so one in doubt can be sent again."
      : "It cannot tell a repeat: a message in doubt waits for somebody’s decision, unless the broadcast says otherwise.",
    ...(provider.channel === "email" && !provider.amp ? ["It carries no AMP part."] : []),
    ...(provider.most_recipients === null
      ? []
      : [`A message goes to ${provider.most_recipients} addresses at most, with its copies.`]),
  ];
}

/** The environment variable that sets an option of an account. */
export function variableOf({ provider, account }: Provider, option: string): string {
  if (provider !== "outbox" && account !== provider) return accountVariable(account, option);
  return provider === "outbox" ? "CLARION_DATA_DIR" : `CLARION_${provider}_${option}`.toUpperCase();
}
