// SPDX-License-Identifier: Apache-2.0
// Who of an audience gets nothing, in words.
import { number, people } from "../lib/format";

export type LeftOut = Record<string, number>;

export interface ActionReach {
  id: number;
  name: string;
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
  ["no_address", "without an e-mail address"],
  ["unsubscribed_topic", "not subscribed to the topic"],
  ["message_limit", "over the message limit"],
  ["esp_suppressed", "with a suppressed address"],
];

/** Each reason that anybody is left out for, such as "31 unsubscribed". */
export function leftOutWords(leftOut: LeftOut): string[] {
  return WORDS.flatMap(([reason, words]) => (leftOut[reason] ? [`${number(leftOut[reason])} ${words}`] : []));
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
