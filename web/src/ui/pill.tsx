// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from "preact";
import { dateTime, relative, utc } from "../lib/format";

export type Tone = "good" | "warn" | "bad" | "accent" | "quiet";

/** A state in a word; the colour only supports it. */
export function Pill({ tone = "quiet", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`pill pill-${tone}`}>{children}</span>;
}

/** A time: absolute in the reader's zone, UTC on hover, how long ago beside it where asked. `ms`: Unix milliseconds. */
export function Time({ ms, ago }: { ms: number; ago?: boolean }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {ago ? `${relative(ms)} (${dateTime(ms)})` : dateTime(ms)}
    </time>
  );
}
