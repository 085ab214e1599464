// SPDX-License-Identifier: Apache-2.0
// The operators of a segment's conditions: how they are called, and which kind of value each takes.
import type { AttributeCondition, EventCondition, Period, Value } from "./filter";

export type Takes = "value" | "values" | "text" | "number" | "period" | "nothing";

interface Operator {
  takes: Takes;
  words: string;
  inverse: string;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  eq: { takes: "value", words: "is", inverse: "is not" },
  in: { takes: "values", words: "is one of", inverse: "is none of" },
  exists: { takes: "nothing", words: "is there", inverse: "is not there" },
  contains: { takes: "text", words: "contains", inverse: "does not contain" },
  starts_with: { takes: "text", words: "begins with", inverse: "does not begin with" },
  ends_with: { takes: "text", words: "ends with", inverse: "does not end with" },
  gt: { takes: "number", words: "is above", inverse: "is not above" },
  gte: { takes: "number", words: "is at least", inverse: "is not at least" },
  lt: { takes: "number", words: "is below", inverse: "is not below" },
  lte: { takes: "number", words: "is at most", inverse: "is not at most" },
  in_past: { takes: "period", words: "is within the last", inverse: "is not within the last" },
  longer_ago: { takes: "period", words: "is longer ago than", inverse: "is not longer ago than" },
  in_next: { takes: "period", words: "is within the next", inverse: "is not within the next" },
};

const OF_FILTERS: ReadonlySet<string> = new Set(["eq", "exists"]);

/** What to choose from: `key` is the operator, with `-not` for its inverse. Events carry no running times. */
export function choices(of: "filter" | "segment" | "event"): { key: string; words: string }[] {
  return Object.entries(OPERATORS)
    .filter(([key, one]) =>
      of === "filter" ? OF_FILTERS.has(key) : of === "segment" || one.takes !== "period",
    )
    .flatMap(([key, one]) => [
      { key, words: one.words },
      { key: `${key}-not`, words: one.inverse },
    ]);
}

/** Which kind of value an operator takes. */
export function takesOf(operator: string): Takes {
  return OPERATORS[operator]?.takes ?? "value";
}

/** The condition with another operator; its value stays where that takes the same kind. */
export function withOperator(condition: AttributeCondition, key: string): AttributeCondition {
  const [operator = "eq", not] = key.split("-");
  const takes = takesOf(operator);
  const changed: AttributeCondition = { field: condition.field, operator };
  const kept = takesOf(condition.operator) === takes ? condition.value : undefined;
  if (takes !== "nothing") changed.value = kept ?? blankOf(takes);
  if (not) changed.inverse = true;
  return changed;
}

function blankOf(takes: Takes): Value | Value[] | Period {
  if (takes === "values") return [];
  if (takes === "period") return { days: 30 };
  return takes === "number" ? Number.NaN : "";
}

/** The values of a list, one a line. */
export function listed(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

export const UNITS = ["minutes", "hours", "days", "weeks"] as const;

/** A period's number and unit. */
export function periodOf(value: unknown): { amount: number; unit: string } {
  const [unit = "days", amount = Number.NaN] = Object.entries((value ?? {}) as Period)[0] ?? [];
  return { amount, unit };
}

export type HowOften = "performed" | "never" | "at_least" | "at_most" | "exactly" | "between";

/** How often somebody is to have done it, as one word. */
export function howOften({ at_least, at_most, inverse }: EventCondition): HowOften {
  if (inverse || at_most === 0) return "never";
  if (at_most === undefined) return at_least === undefined ? "performed" : "at_least";
  if (at_least === undefined || at_least === 0) return "at_most";
  return at_least === at_most ? "exactly" : "between";
}

/** The event's condition with another word for how often. */
export function withHowOften(condition: EventCondition, word: HowOften): EventCondition {
  const { at_least, at_most, inverse: _, ...rest } = condition;
  const times = Math.max(1, at_least ?? at_most ?? 1);
  switch (word) {
    case "never":
      return { ...rest, inverse: true };
    case "at_least":
      return { ...rest, at_least: times };
    case "at_most":
      return { ...rest, at_most: times };
    case "exactly":
      return { ...rest, at_least: times, at_most: times };
    case "between":
      return { ...rest, at_least: times, at_most: Math.max(times + 1, at_most ?? 0) };
    default:
      return rest;
  }
}

const MOST_TIMES = 1_000;

/** A whole number of times from what is typed, within what the server takes, `least` where it is less or none. */
export function timesOf(text: string, least = 1): number {
  const times = Math.trunc(Number(text));
  return Number.isFinite(times) ? Math.min(MOST_TIMES, Math.max(least, times)) : least;
}

/** Whether what is typed is a number of times as it stands: 1 on the way to 10 is none where 4 is the least. */
export function isTimes(text: string, least = 1): boolean {
  return text.trim() === String(timesOf(text, least));
}
