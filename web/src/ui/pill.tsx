// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";
import { dateTime, relative, utc } from "../lib/format";

export type Tone = "good" | "warn" | "bad" | "accent" | "quiet";

/** A state in a word; the colour only supports it. */
export function Pill({ tone = "quiet", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`pill pill-${tone}`}>{children}</span>;
}

/** A time: absolute in the reader's zone, UTC to the second on hover, how long ago beside it or the second where asked. */
export function Time({ ms, ago, exact }: { ms: number; ago?: boolean; exact?: boolean }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {ago ? `${relative(ms)} (${dateTime(ms, exact)})` : dateTime(ms, exact)}
    </time>
  );
}
