// SPDX-License-Identifier: Apache-2.0
// How a message to somebody stands, out of when each metric was noted; without a DOM.
import { momentTone, momentWords } from "../deliveries/words";

export interface MessageState {
  words: string;
  tone: ReturnType<typeof momentTone>;
}

/** What says more, where several happened in the same second. */
const ORDER = [
  "created",
  "attempted",
  "drafted",
  "sent",
  "delivered",
  "prefetch_opened",
  "opened",
  "human_opened",
  "prefetch_clicked",
  "clicked",
  "human_clicked",
];

/** The last thing that happened, and beside it that its person converted. */
export function statesOf(metrics: Record<string, number>): MessageState[] {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const others = Object.entries(metrics).filter(([name]) => name !== "converted");
  const last =
    others.sort(([one, at], [other, then]) => then - at || rank(other) - rank(one))[0]?.[0] ?? "created";
  const shown = "converted" in metrics ? ["converted", last] : [last];
  return shown.map((name) => ({ words: momentWords(name), tone: momentTone(name) }));
}
