// SPDX-License-Identifier: Apache-2.0
// Values side by side, as a list that can be read: each bar has its label and its number.
import { number } from "../lib/format";
import "./charts.css";

/** `of`: what a full bar would be; the largest value unless given. */
interface BarsProps {
  label: string;
  items: readonly { label: string; value: number; note?: string; href?: string }[];
  of?: number;
  format?: (value: number) => string;
}

/** Horizontal bars. */
export function Bars({ label, items, of, format = number }: BarsProps) {
  const top = of ?? Math.max(0, ...items.map((item) => item.value));
  return (
    <ul class="bars" aria-label={label}>
      {items.map((item) => (
        <li key={item.label} class="bars-row">
          <span class="bars-label">{item.href ? <a href={item.href}>{item.label}</a> : item.label}</span>
          <span class="bars-track" aria-hidden="true">
            <span
              class="bars-bar"
              style={{ width: `${top > 0 ? Math.min(100, (100 * item.value) / top) : 0}%` }}
            />
          </span>
          <span class="bars-value">
            {format(item.value)} {item.note && <span class="muted">{item.note}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
