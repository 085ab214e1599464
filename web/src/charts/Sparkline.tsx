// SPDX-License-Identifier: Apache-2.0
import "./charts.css";
import { points } from "./scale";

interface SparklineProps {
  values: readonly number[];
  /** In words what it shows; it is drawn for the eye only when there is none. */
  label?: string;
  width?: number;
  height?: number;
}

/** A small line without axes, beside a number. */
export function Sparkline({ values, label, width = 96, height = 24 }: SparklineProps) {
  const top = Math.max(1, ...values);
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : "true"}
    >
      {values.length > 1 && (
        <g transform="translate(1,2)">
          <polyline class="chart-line chart-stroke-1" points={points(values, width - 2, height - 4, top)} />
        </g>
      )}
    </svg>
  );
}
