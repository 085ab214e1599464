// SPDX-License-Identifier: Apache-2.0
// Numbers and times in words, in the reader's language and zone.

const whole = new Intl.NumberFormat();
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const compactNumber = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** 12,480 */
export function number(value: number): string {
  return whole.format(value);
}

/** 12.5K */
export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : compactNumber.format(value);
}

/** A share in percent; "–" of nothing. */
export function percent(part: number, of: number): string {
  return of > 0 ? shares.format(part / of) : "–";
}

/** "1 person", "12,480 people". */
export function count(value: number, one: string, many: string): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

/** People, in words. */
export function people(value: number): string {
  return count(value, "person", "people");
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 minutes ago"; `now` and `then` in Unix milliseconds. */
export function relative(then: number, now: number = Date.now()): string {
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const seconds = (then - now) / 1_000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return Math.abs(seconds) < 10 ? "just now" : words.format(Math.trunc(seconds), "second");
}

/** A time in the reader's zone, with its name; to the second where that tells something. */
export function dateTime(ms: number, exact = false): string {
  return new Intl.DateTimeFormat(undefined, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: exact ? "2-digit" : undefined,
    timeZoneName: "short",
  }).format(ms);
}

/** The same in UTC, for those who compare logs. */
export function utc(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

/** A day of a chart. */
export function day(ms: number, zone?: string): string {
  return new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: zone }).format(ms);
}

/** "2 h 5 min", "40 s": how long something takes. */
export function duration(seconds: number): string {
  const rounded = Math.max(0, Math.round(seconds));
  const hours = Math.floor(rounded / 3_600);
  const minutes = Math.floor((rounded % 3_600) / 60);
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes) return rounded % 60 && minutes < 10 ? `${minutes} min ${rounded % 60} s` : `${minutes} min`;
  return `${rounded} s`;
}

/** 1.2 MB */
export function bytes(value: number): string {
  if (value < 1_000) return `${value} bytes`;
  const units = ["kB", "MB", "GB"];
  let size = value;
  let unit = "bytes";
  for (const next of units) {
    if (size < 1_000) break;
    size /= 1_000;
    unit = next;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}
