// SPDX-License-Identifier: Apache-2.0
// Triggers side by side: shares of what was delivered or sent, so that large and small ones can be compared.
import { basisOf, sharedOf } from "../../lib/basis";
import { day, number } from "../../lib/format";
import type { Send } from "../trigger/types";

export const COMPARED = [
  ["human_opened", "Opened by people"],
  ["human_clicked", "Clicked by people"],
  ["converted", "Converted"],
  ["opened", "Opened by people or machines"],
  ["clicked", "Clicked by people or machines"],
  ["delivered", "Delivered"],
  ["bounced", "Bounced"],
  ["unsubscribed", "Unsubscribed"],
  ["failed", "Failed"],
  ["sent", "Sent, as a number"],
] as const;

/** The share of a trigger's messages (of those tried, for failures), and out of how many. */
export function compared(send: Send, metric: (typeof COMPARED)[number][0]): { value: number; note: string } {
  const { sent, failed } = send.numbers;
  if (metric === "sent") return { value: sent, note: "" };
  if (metric === "failed") return share(failed, sent + failed, "");
  const { delivered } = send.heard;
  return sharedOf(metric, basisOf(sent, delivered)) === "delivered"
    ? share(send.heard[metric], delivered, " delivered")
    : share(send.heard[metric], sent, "");
}

function share(part: number, of: number, word: string): { value: number; note: string } {
  return { value: of > 0 ? part / of : 0, note: `${number(part)} of ${number(of)}${word}` };
}

/** Its number and day. */
export function nameOfSend(send: Send): string {
  return `${send.id}, ${day(send.created_at * 1_000)}`;
}
