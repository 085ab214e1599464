// SPDX-License-Identifier: Apache-2.0
// Lines over time. Arrow keys step through it, what they reach is read aloud, and all of it can be read as a table.
import { useState } from "preact/hooks";
import { compact, number } from "../lib/format";
import "./charts.css";
import { labelled, nearest, niceTicks, placeOf, points } from "./scale";
import { useWidth } from "./size";

/** One line; `tone` is the number of a chart colour. */
export interface Series {
  name: string;
  values: readonly number[];
  tone: 1 | 2 | 3 | 4 | 5 | 6;
  /** Told apart from another of its colour. */
  dashed?: boolean;
}

interface LineChartProps {
  /** What it is of, for those who do not see it. */
  label: string;
  series: readonly Series[];
  /** A label for each value. */
  steps: readonly string[];
  height?: number;
  /** How a value is told; whole numbers unless given. */
  format?: (value: number) => string;
  /** How an axis tells it, shorter. */
  axis?: (value: number) => string;
  whole?: boolean;
}

const LEFT = 48;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 24;

/** Lines with a legend, a cursor and a table. */
export function LineChart({
  label,
  series,
  steps,
  height = 240,
  format = number,
  axis = compact,
  whole = true,
}: LineChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const [at, setAt] = useState<number | null>(null);
  const inner = Math.max(40, width - LEFT - RIGHT);
  const tall = height - TOP - BOTTOM;
  const ticks = niceTicks(Math.max(0, ...series.flatMap((one) => [...one.values])), 4, whole);
  const top = ticks.at(-1) ?? 1;
  const count = steps.length;
  const told =
    at === null
      ? ""
      : `${steps[at] ?? ""}: ${series.map((one) => `${one.name} ${format(one.values[at] ?? 0)}`).join(", ")}`;
  const go = (event: KeyboardEvent) => {
    const to = {
      ArrowRight: at === null ? 0 : at + 1,
      ArrowLeft: at === null ? count - 1 : at - 1,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (event.key === "Escape") setAt(null);
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.min(count - 1, Math.max(0, to)));
  };
  return (
    <figure class="chart">
      <ul class="chart-legend">
        {series.map((one) => (
          <li key={one.name}>
            <span
              class={`chart-key chart-fill-${one.tone}${one.dashed ? " chart-key-dashed" : ""}`}
              aria-hidden="true"
            />{" "}
            {one.name}
          </li>
        ))}
      </ul>
      <div ref={ref} class="chart-area">
        <div
          class="chart-plot"
          role="slider"
          tabIndex={0}
          aria-label={`${label}. Arrow keys step through it.`}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, count - 1)}
          aria-valuenow={at ?? 0}
          aria-valuetext={told || "no value chosen"}
          onKeyDown={go}
          onBlur={() => setAt(null)}
        >
          <svg
            width={width}
            height={height}
            aria-hidden="true"
            onPointerMove={(event) =>
              setAt(
                nearest(
                  event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT,
                  count,
                  inner,
                ),
              )
            }
            onPointerLeave={() => setAt(null)}
          >
            <g transform={`translate(${LEFT},${TOP})`}>
              {ticks.map((tick) => {
                const y = tall - (tick / top) * tall;
                return (
                  <g key={tick}>
                    <line class="chart-grid" x1={0} x2={inner} y1={y} y2={y} />
                    <text class="chart-text" x={-8} y={y + 4} text-anchor="end">
                      {axis(tick)}
                    </text>
                  </g>
                );
              })}
              {labelled(count, inner, 84).map((index) => (
                <text
                  key={index}
                  class="chart-text"
                  x={placeOf(index, count, inner)}
                  y={tall + 18}
                  text-anchor={
                    index === count - 1 && count > 1 ? "end" : index === 0 && count > 1 ? "start" : "middle"
                  }
                >
                  {steps[index]}
                </text>
              ))}
              {series.map((one) => (
                <g key={one.name}>
                  <polyline
                    class={`chart-line chart-stroke-${one.tone}${one.dashed ? " chart-dashed" : ""}`}
                    points={points(one.values, inner, tall, top)}
                  />
                  {(count === 1 || at !== null) && (
                    <circle
                      class={`chart-fill-${one.tone}`}
                      r={4}
                      cx={placeOf(at ?? 0, count, inner)}
                      cy={tall - ((one.values[at ?? 0] ?? 0) / top) * tall}
                    />
                  )}
                </g>
              ))}
              {at !== null && (
                <line
                  class="chart-cursor"
                  x1={placeOf(at, count, inner)}
                  x2={placeOf(at, count, inner)}
                  y1={0}
                  y2={tall}
                />
              )}
            </g>
          </svg>
        </div>
      </div>
      <p class="chart-told" aria-hidden="true">
        {told}
      </p>
      <details class="chart-table">
        <summary>Show as table</summary>
        <div class="chart-scroll">
          <table class="table-plain">
            <caption class="visually-hidden">{label}</caption>
            <thead>
              <tr>
                <th scope="col">When</th>
                {series.map((one) => (
                  <th key={one.name} scope="col" class="number">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {steps.map((step, index) => (
                <tr key={index}>
                  <th scope="row">{step}</th>
                  {series.map((one) => (
                    <td key={one.name} class="number">
                      {format(one.values[index] ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
