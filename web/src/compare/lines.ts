// SPDX-License-Identifier: Apache-2.0
// Two texts line by line: which lines only one of them has. Without a DOM.

export interface Line {
  text: string;
  /** Only this side has it. */
  changed: boolean;
  /** Stands for so many lines that both have; `text` is empty then. */
  skipped?: number;
}

export interface Sides {
  left: Line[];
  right: Line[];
}

const CONTEXT = 2;
const MOST_CELLS = 4_000_000;
const MOST_SHOWN = 400; // of a side; what a whole page of HTML has

/** Both sides; long stretches that they share are folded to what stands around a change. */
export function sides(before: string, after: string): Sides {
  if (before === after) return { left: folded(marked(before, [])), right: folded(marked(after, [])) };
  const left = linesOf(before);
  const right = linesOf(after);
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  )
    end += 1;
  const [gone, made] = apart(left.slice(start, left.length - end), right.slice(start, right.length - end));
  return {
    left: folded(
      left.map((text, no) => ({
        text,
        changed: no >= start && no < left.length - end && gone.has(no - start),
      })),
    ),
    right: folded(
      right.map((text, no) => ({
        text,
        changed: no >= start && no < right.length - end && made.has(no - start),
      })),
    ),
  };
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/\r\n|\r|\n/);
}

function marked(text: string, changed: readonly number[]): Line[] {
  return linesOf(text).map((line, no) => ({ text: line, changed: changed.includes(no) }));
}

/** By the longest common subsequence; of very long stretches everything counts as changed. */
function apart(left: readonly string[], right: readonly string[]): [Set<number>, Set<number>] {
  const gone = new Set(left.keys());
  const made = new Set(right.keys());
  const width = right.length + 1;
  if (left.length * right.length === 0 || (left.length + 1) * width > MOST_CELLS) return [gone, made];
  const longest = new Uint32Array((left.length + 1) * width);
  const at = (one: number, other: number) => longest[one * width + other] ?? 0;
  for (let one = left.length - 1; one >= 0; one -= 1)
    for (let other = right.length - 1; other >= 0; other -= 1)
      longest[one * width + other] =
        left[one] === right[other]
          ? at(one + 1, other + 1) + 1
          : Math.max(at(one + 1, other), at(one, other + 1));
  let one = 0;
  let other = 0;
  while (one < left.length && other < right.length) {
    if (left[one] === right[other]) {
      gone.delete(one);
      made.delete(other);
      one += 1;
      other += 1;
    } else if (at(one + 1, other) >= at(one, other + 1)) one += 1;
    else other += 1;
  }
  return [gone, made];
}

/** Lines far from every change become one that says how many they are. */
function folded(lines: readonly Line[]): Line[] {
  const shown = new Set<number>();
  for (const [no, line] of lines.entries())
    if (line.changed) for (let near = no - CONTEXT; near <= no + CONTEXT; near += 1) shown.add(near);
  if (shown.size === 0) for (let no = 0; no <= CONTEXT; no += 1) shown.add(no);
  const found: Line[] = [];
  for (const [no, line] of lines.entries()) {
    const last = found[found.length - 1];
    if (shown.has(no)) found.push(line);
    else if (last?.skipped) last.skipped += 1;
    else found.push({ text: "", changed: false, skipped: 1 });
  }
  if (found.length <= MOST_SHOWN) return found;
  const rest = found.slice(MOST_SHOWN).reduce((count, line) => count + (line.skipped ?? 1), 0);
  return [...found.slice(0, MOST_SHOWN), { text: "", changed: false, skipped: rest }];
}
