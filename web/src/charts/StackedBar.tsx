// SPDX-License-Identifier: Apache-2.0
// One bar of parts, each with its number in words below: colour only supports it.
import { number, percent } from "../lib/format";
import "./charts.css";
import { widths } from "./scale";
import { useWidth } from "./size";

/** `tone` names a colour: what went well, badly, waits, or is left. */
export interface Part {
  label: string;
  value: number;
  tone: "good" | "bad" | "warn" | "quiet" | "accent" | "left";
}

interface StackedBarProps {
  label: string;
  parts: readonly Part[];
  /** Of how many; the sum of the parts unless given. */
  total?: number;
  /** No legend: a bar in a list, whose label tells it. */
  small?: boolean;
}

/** Parts of a whole. */
export function StackedBar({ label, parts, total, small }: StackedBarProps) {
  const [ref, width] = useWidth<HTMLDivElement>(480);
  const whole = total ?? parts.reduce((sum, part) => sum + part.value, 0);
  const height = small ? 8 : 20;
  const found = widths(
    parts.map((part) => part.value),
    whole,
    width,
  );
  let x = 0;
  const words = parts
    .filter((part) => part.value > 0)
    .map((part) => `${part.label} ${number(part.value)}`)
    .join(", ");
  return (
    <div class="stacked">
      <div ref={ref} class={small ? "stacked-bar stacked-small" : "stacked-bar"}>
        <svg width={width} height={height} role="img" aria-label={`${label}: ${words || "nothing yet"}`}>
          <rect class="stacked-left" width={width} height={height} />
          {parts.map((part, index) => {
            const wide = found[index] ?? 0;
            const from = x;
            x += wide;
            return wide > 0 ? (
              <rect
                key={part.label}
                class={`stacked-${part.tone}`}
                x={from}
                width={Math.max(0.5, wide - 1)}
                height={height}
              />
            ) : null;
          })}
        </svg>
      </div>
      {!small && (
        <ul class="chart-legend">
          {parts.map((part) => (
            <li key={part.label}>
              <span class={`chart-key stacked-key-${part.tone}`} aria-hidden="true" /> {part.label}{" "}
              <strong>{number(part.value)}</strong> <span class="muted">{percent(part.value, whole)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
