// SPDX-License-Identifier: Apache-2.0
// The steps of metrics over time as the server cuts them: days at 00:00 where one is, weeks on Sunday.

export type Period = "hours" | "days" | "weeks" | "months";

export const PERIODS: readonly (readonly [string, string, Period, number])[] = [
  ["24h", "Last 24 hours", "hours", 24],
  ["14d", "Last 14 days", "days", 14],
  ["45d", "Last 45 days", "days", 45],
  ["12w", "Last 12 weeks", "weeks", 12],
  ["12m", "Last 12 months", "months", 12],
];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Where whoever looks is, as the server takes it in `tz`. */
export function zoneHere(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The day of a moment in a zone, as the midnight of that date in UTC: dates are counted there. */
function dateOf(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
  }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"));
}

/** A label for each of `count` steps up to now, oldest first; `zone`: whose days, as they were asked for. */
export function stepLabels(
  period: Period,
  count: number,
  nowMs: number,
  zone: string,
  locale?: string,
): string[] {
  const words = new Intl.DateTimeFormat(
    locale,
    period === "months"
      ? { month: "short", year: "2-digit", timeZone: "UTC" }
      : period === "hours"
        ? { hour: "2-digit", minute: "2-digit", timeZone: zone }
        : { month: "short", day: "numeric", timeZone: "UTC" },
  );
  const hour = Math.floor(nowMs / HOUR_MS) * HOUR_MS; // counters are booked on whole ones
  const today = dateOf(hour, zone);
  return Array.from({ length: count }, (_, index) => {
    const back = count - 1 - index;
    if (period === "hours") return words.format(hour - back * HOUR_MS);
    if (period === "months") {
      const date = new Date(today);
      return words.format(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - back, 1));
    }
    const first = period === "weeks" ? today - new Date(today).getUTCDay() * DAY_MS : today;
    return words.format(first - back * (period === "weeks" ? 7 : 1) * DAY_MS);
  });
}

/** Shares of another series, step by step; 0 where there is nothing to be a share of. */
export function shares(values: readonly number[], of: readonly number[]): number[] {
  return values.map((value, index) => ((of[index] ?? 0) > 0 ? value / (of[index] ?? 1) : 0));
}

/** The sum of a series. */
export function sum(values: readonly number[] | undefined): number {
  return (values ?? []).reduce((one, other) => one + other, 0);
}
