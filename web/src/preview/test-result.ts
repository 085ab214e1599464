// SPDX-License-Identifier: Apache-2.0
// What became of a test through an account at a provider. Without a DOM.
import type { Tone } from "../ui/pill";

export interface TestResult {
  account: string;
  address: string;
  sent: boolean;
  ending: "taken" | "refused" | "later" | "away" | "unknown";
  status: number | null;
  words: string;
  reason: string | null;
  advice: string | null;
}

const ENDINGS: Record<TestResult["ending"], { words: string; tone: Tone }> = {
  taken: { words: "taken", tone: "good" },
  refused: { words: "refused", tone: "bad" },
  later: { words: "not now", tone: "warn" },
  away: { words: "account takes nothing", tone: "bad" },
  unknown: { words: "no answer", tone: "warn" },
};

export function endingOf(result: TestResult): { words: string; tone: Tone } {
  return ENDINGS[result.ending];
}

/** What it means, in a sentence. */
export function meaningOf(result: TestResult): string {
  if (result.advice) return result.advice;
  return `${result.account} has taken it for ${result.address}. Whether it arrives is seen there.`;
}
