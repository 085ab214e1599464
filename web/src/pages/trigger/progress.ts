// SPDX-License-Identifier: Apache-2.0
// What a trigger's numbers say, in words and parts; without a DOM.
import type { Part } from "../../charts/StackedBar";
import { count, duration, number } from "../../lib/format";
import type { Tone } from "../../ui/pill";
import type { Cause, Held, Numbers, Pace, Progress, StateWord } from "./types";

export const STATE_WORDS: Record<string, string> = {
  queued: "queued",
  scheduled: "scheduled",
  resolving: "working out the audience",
  sending: "sending",
  done: "done",
  failed: "failed",
  stopped: "stopped",
  cancelled: "cancelled",
};

/** How a trigger's state looks. */
export function toneOf(state: string, paused: boolean): Tone {
  if (paused) return "warn";
  if (state === "done") return "good";
  if (state === "failed") return "bad";
  if (state === "stopped" || state === "cancelled") return "quiet";
  return "accent";
}

/** Whether somebody should look: nobody wished for what holds it back. */
export function isGrave(held: Held): boolean {
  return (
    held.what === "no_worker" || held.what === "provider" || (held.what === "paused" && held.words !== null)
  );
}

/** What a trigger paused itself for; null where it did not. */
export function brokenBy(progress: Pick<Progress, "held_back">): string | null {
  return progress.held_back.find((held) => held.what === "paused")?.words ?? null;
}

export const ACCOUNT_WORDS: Record<StateWord, string> = {
  queued: "queued",
  sent: "sent",
  failed: "failed",
  skipped: "skipped",
  drafted: "draft",
  stopped: "stopped",
  in_doubt: "in doubt",
};

const ACCOUNT_TONES: Record<StateWord, Tone> = {
  queued: "accent",
  sent: "good",
  failed: "bad",
  skipped: "quiet",
  drafted: "accent",
  stopped: "quiet",
  in_doubt: "warn",
};

/** How an account's state looks. */
export function accountTone(state: StateWord): Tone {
  return ACCOUNT_TONES[state] ?? "quiet";
}

/** The bar of a trigger, in the order in which it fills; parts that most triggers lack only where there are some. */
export function partsOf(numbers: Numbers): Part[] {
  const parts: Part[] = [
    { label: "Sent", value: numbers.sent, tone: "good" },
    { label: "Failed", value: numbers.failed, tone: "bad" },
    { label: "In doubt", value: numbers.in_doubt, tone: "warn" },
    { label: "Drafts", value: numbers.drafted, tone: "accent" },
    { label: "Skipped", value: numbers.skipped, tone: "quiet" },
    { label: "Stopped", value: numbers.stopped, tone: "quiet" },
    { label: "Left", value: numbers.left, tone: "left" },
  ];
  const always = new Set(["Sent", "Failed", "Skipped", "Left"]);
  return parts.filter((part) => part.value > 0 || always.has(part.label));
}

/** How much is done in whole percent: 100 only when nothing is left and the audience is complete. */
export function percentDone(progress: Pick<Progress, "numbers" | "resolved" | "running" | "state">): number {
  const { numbers, resolved, running } = progress;
  if (!running && numbers.left === 0) return 100;
  if (!resolved.done) return Math.floor(10 * resolved.share);
  if (numbers.accounts === 0) return running ? 0 : 100;
  return Math.min(
    running ? 99 : 100,
    Math.floor((100 * (numbers.accounts - numbers.left)) / numbers.accounts),
  );
}

/** What to say aloud when it goes from one percentage to another: at each quarter, and at the end. */
export function announcement(before: number | null, now: number, progress: Progress): string | null {
  if (before === null || Math.floor(now / 25) <= Math.floor(before / 25)) return null;
  if (now >= 100)
    return `Finished: ${number(progress.numbers.sent)} sent, ${number(progress.numbers.failed)} failed.`;
  return `${25 * Math.floor(now / 25)} percent done.`;
}

/** Whether its numbers may still move. */
export function isLive(progress: Pick<Progress, "running" | "repeating">): boolean {
  return progress.running || progress.repeating;
}

/** Milliseconds until the next look: quickly while it moves, slowly while it waits for a long time, never when it is over. */
export function lookEvery(progress: Progress | undefined, nowMs: number): number | null {
  if (!progress) return 1_000;
  if (!isLive(progress)) return null;
  const until = Math.max(0, ...progress.held_back.map((held) => held.until ?? 0));
  if (progress.paused || until * 1_000 - nowMs > 60_000) return 5_000;
  return nowMs - progress.created_at * 1_000 > 600_000 ? 2_000 : 1_000;
}

/** "98 a second", "12 a minute". */
export function rateWords(rate: number | null): string {
  if (rate === null) return "not known yet";
  if (rate >= 10) return `${number(Math.round(rate))} a second`;
  if (rate >= 1) return `${rate.toFixed(1)} a second`;
  return `${number(Math.round(rate * 60))} a minute`;
}

/** When it ends, from now. */
export function endWords(progress: Progress, nowMs: number): string {
  if (!progress.running) return "it is over";
  if (progress.paused) return "not while it is paused";
  if (progress.estimated_end_at === null) return "not known yet";
  return `in about ${duration(progress.estimated_end_at - nowMs / 1_000)}`;
}

/** How fast it may go. */
export function paceWords(pace: Pace): string {
  if (pace === null) return "as fast as it goes";
  if ("spread_until" in pace) return "spread evenly over a time";
  return `at most ${number(pace.messages)} a ${pace.per}`;
}

/** How many messages a second were handed over between two looks each. */
export function pulse(samples: readonly (readonly [number, number])[]): number[] {
  return samples.slice(1).map(([at, n], index) => {
    const [before, then] = samples[index] ?? [at, n];
    return at > before ? Math.max(0, n - then) / (at - before) : 0;
  });
}

/** Whether people who came to match since can be sent it: the audience was a filter, and it is not stopped. */
export function mayJoin(progress: Pick<Progress, "selector" | "state">): boolean {
  const filtered = progress.selector === "default" || progress.selector === "recipients";
  return filtered && (progress.state === "sending" || progress.state === "done");
}

/** What can be sent again of a group: failures always, what is in doubt by saying that it may double. */
export function repeatable(cause: Cause): "failed" | "in_doubt" | null {
  return cause.state === "failed" || cause.state === "in_doubt" ? cause.state : null;
}

/** A group's size, as far as it is known. */
export function sizeWords(cause: Cause): string {
  const words = count(cause.accounts, "message", "messages");
  return cause.exact ? words : `at least ${words}`;
}

/** Where a group's accounts are as CSV; a link, so it names the workspace itself. */
export function csvPath(
  root: string,
  triggerId: number,
  workspace: number | null,
  of: Partial<Cause> & { heard?: string; account?: string },
): string {
  const query = new URLSearchParams();
  if (workspace !== null) query.set("workspace", String(workspace));
  if (of.state) query.set("state", of.state);
  if (of.reason) query.set("reason", of.reason);
  if (of.cause !== null && of.cause !== undefined) query.set("cause", of.cause);
  if (of.heard) query.set("heard", of.heard);
  if (of.account) query.set("account", of.account);
  return `${root}/triggers/${triggerId}/accounts.csv?${query}`;
}
