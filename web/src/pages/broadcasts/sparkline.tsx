// SPDX-License-Identifier: Apache-2.0
// Fourteen days of messages at a glance; the numbers are in its name.
import { number } from "../../lib/format";

const WIDTH = 84;
const HEIGHT = 22;

/** Bars, one a day, today at the right. */
export function DaysSparkline({ days }: { days: readonly number[] }) {
  const most = Math.max(...days, 0);
  const total = days.reduce((sum, one) => sum + one, 0);
  if (most === 0) return <span class="muted">–</span>;
  const step = WIDTH / days.length;
  return (
    <svg
      class="sparkline"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`${number(total)} messages in ${days.length} days`}
    >
      {days.map((one, day) => {
        const height = one === 0 ? 1 : Math.max(2, (one / most) * HEIGHT);
        return (
          <rect
            key={day}
            x={day * step}
            y={HEIGHT - height}
            width={step - 1.5}
            height={height}
            class={one === 0 ? "spark-none" : "spark"}
          />
        );
      })}
    </svg>
  );
}
