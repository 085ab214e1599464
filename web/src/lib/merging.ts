// SPDX-License-Identifier: Apache-2.0
// Two edits of the same thing: what only one side changed is taken from it, what both changed is asked. Without a DOM.

export type Whose = "mine" | "theirs";

/** A field that both changed, each otherwise; `name` is "" where the thing is one field. */
export interface Clash {
  name: string;
  mine: unknown;
  theirs: unknown;
}

export interface Merged<T> {
  /** Of what both changed it has mine. */
  value: T;
  clashes: Clash[];
  /** What only they changed. */
  theirs: string[];
}

/** Whether two values say the same. */
export function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

type Fields = Record<string, unknown>;

/**
 * `base` is what both began with; undefined when nobody knows, then every difference is asked. `byField`: the thing is
 * an object whose fields stand for themselves; else it is one field.
 */
export function merge<T>(base: T | undefined, mine: T, theirs: T, byField: boolean): Merged<T> {
  if (!byField) {
    if (same(mine, theirs)) return { value: mine, clashes: [], theirs: [] };
    if (base !== undefined && same(mine, base)) return { value: theirs, clashes: [], theirs: [""] };
    if (base !== undefined && same(theirs, base)) return { value: mine, clashes: [], theirs: [] };
    return { value: mine, clashes: [{ name: "", mine, theirs }], theirs: [] };
  }
  const [before, left, right] = [base, mine, theirs] as [Fields | undefined, Fields, Fields];
  const value: Fields = { ...left };
  const clashes: Clash[] = [];
  const taken: string[] = [];
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (same(left[name], right[name])) continue;
    if (before && same(right[name], before[name])) continue;
    if (before && same(left[name], before[name])) {
      value[name] = right[name];
      taken.push(name);
    } else clashes.push({ name, mine: left[name], theirs: right[name] });
  }
  return { value: value as T, clashes, theirs: taken };
}

/** What was merged, with theirs where they were chosen. */
export function chosen<T>(merged: Merged<T>, choices: Readonly<Record<string, Whose>>): T {
  const theirs = merged.clashes.filter((one) => choices[one.name] === "theirs");
  if (theirs.length === 0) return merged.value;
  if (theirs[0]?.name === "") return theirs[0].theirs as T;
  return { ...merged.value, ...Object.fromEntries(theirs.map((one) => [one.name, one.theirs])) };
}
