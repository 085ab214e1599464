// SPDX-License-Identifier: Apache-2.0
// Triggers side by side: shares of what was sent, so that large and small ones can be compared.
import { day, number } from "../../lib/format";
import type { Send } from "../trigger/types";

export const COMPARED = [
  ["opened", "Opened"],
  ["clicked", "Clicked"],
  ["converted", "Converted"],
  ["delivered", "Delivered"],
  ["bounced", "Bounced"],
  ["unsubscribed", "Unsubscribed"],
  ["failed", "Failed"],
  ["sent", "Sent, as a number"],
] as const;

/** The share of a trigger's sent messages (of those tried, for failures), and out of how many. */
export function compared(send: Send, metric: (typeof COMPARED)[number][0]): { value: number; note: string } {
  const { sent, failed } = send.numbers;
  if (metric === "sent") return { value: sent, note: "" };
  const [part, of] = metric === "failed" ? [failed, sent + failed] : [send.heard[metric], sent];
  return { value: of > 0 ? part / of : 0, note: `${number(part)} of ${number(of)}` };
}

/** Its number and day. */
export function nameOfSend(send: Send): string {
  return `${send.id}, ${day(send.created_at * 1_000)}`;
}
