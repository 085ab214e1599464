// SPDX-License-Identifier: Apache-2.0
// Who of an audience gets nothing, in words.
import { number, people } from "../lib/format";

export type LeftOut = Record<string, number>;

export interface ActionReach {
  id: number;
  name: string;
  kind: string;
  will_get: number;
  left_out: LeftOut;
}

/** `POST /audience/count`. */
export interface Count {
  people: number;
  exact: boolean;
  will_get: number;
  left_out: LeftOut;
  messages: number;
  actions: ActionReach[];
}

const WORDS: readonly (readonly [string, string])[] = [
  ["condition", "not matching the message's condition"],
  ["unsubscribed", "unsubscribed"],
  ["no_address", "without an address or device"],
  ["invalid_address", "with an address that is none"],
  ["unsubscribed_topic", "not subscribed to the topic"],
  ["message_limit", "over the message limit"],
  ["esp_suppressed", "with a suppressed address"],
];

const PHONE = { no_address: "without a phone number", invalid_address: "with a phone that is no number" };

/** Where a channel has a better word, by the kind of the action. */
const OF_CHANNEL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  email: { no_address: "without an e-mail address" },
  sms: PHONE,
  whatsapp: PHONE,
  push: { no_address: "without a device for it" },
  slack: {
    no_address: "without a Slack account",
    invalid_address: "with a Slack account that is none",
  },
};

/** Each reason that anybody is left out for, such as "31 unsubscribed"; of one channel in its own words. */
export function leftOutWords(leftOut: LeftOut, kind = ""): string[] {
  const own = OF_CHANNEL[kind] ?? {};
  return WORDS.flatMap(([reason, words]) =>
    leftOut[reason] ? [`${number(leftOut[reason])} ${own[reason] ?? words}`] : [],
  );
}

/** The same of people who get none of the messages; "email" is counted where there is none yet. */
export function leftOutOfAll(count: Pick<Count, "left_out" | "actions">): string[] {
  const [kind = "email", another] = new Set(count.actions.map((one) => one.kind));
  return leftOutWords(count.left_out, another ? "" : kind);
}

/** Whether messages differ in who gets them, so that each is told. */
export function isUneven(count: Pick<Count, "will_get" | "actions">): boolean {
  return count.actions.length > 1 && count.actions.some((one) => one.will_get !== count.will_get);
}

/** How many get one of the messages; "" where that was not counted. */
export function willGetOf(count: Count | null, action: number): string {
  const found = count?.actions.find((one) => one.id === action);
  return count && found ? `${count.exact ? "" : "about "}${people(found.will_get)}` : "";
}

/** How many get it, where that is not everybody who matches. */
export function willGetWords(count: Pick<Count, "people" | "will_get" | "exact">): string {
  const about = count.exact ? "" : "about ";
  return count.will_get === count.people ? "" : `${about}${number(count.will_get)} of them will get it`;
}
