// SPDX-License-Identifier: Apache-2.0
// The server counts characters, this language counts UTF-16 units: an emoji is one there and two here.

/** What is said about a place of a text; `from` and `to` as the server counts, null: about no place of it. */
export interface Diagnostic {
  message: string;
  severity: "error" | "warning";
  from: number | null;
  to: number | null;
}

/** An error of the whole text. */
export function aboutAll(message: string): Diagnostic {
  return { message, severity: "error", from: null, to: null };
}

/** The index of a character that the server counted. */
export function indexOf(text: string, characters: number): number {
  let index = 0;
  for (let left = characters; left > 0 && index < text.length; left -= 1)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}

/** Where a diagnostic is marked: at least one character of the text, nowhere in an empty one. */
export function rangeOf(text: string, found: Diagnostic): { from: number; to: number } | null {
  if (found.from === null || text.length === 0) return null;
  const from = Math.min(indexOf(text, found.from), text.length - 1);
  const to = Math.min(Math.max(indexOf(text, found.to ?? found.from + 1), from + 1), text.length);
  return { from, to };
}

/** The index at which a line begins; lines count from 1. */
export function lineStart(text: string, line: number): number {
  let index = 0;
  for (let left = line - 1; left > 0; left -= 1) {
    const next = text.indexOf("\n", index);
    if (next < 0) return index;
    index = next + 1;
  }
  return index;
}
