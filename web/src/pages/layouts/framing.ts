// SPDX-License-Identifier: Apache-2.0
// A layout with a message in it, and where what the server says of the whole stands in the layout.
import type { Diagnostic } from "../../editor/offsets";

/** What a new layout begins with. */
export const FIRST = `<!doctype html>
<html lang="en">
  <body>
    {{ content }}
    <p><a href="{% unsubscribe_url %}">Unsubscribe</a></p>
  </body>
</html>
`;

/** What stands for a message in a preview; on one line, so that lines stay what they are. */
export const SAMPLE =
  "<h1>A headline</h1><p>Here goes what a message says: its text, its pictures and <a href='https://example.com/'>a link</a>.</p>";

const INSERTION = /\{\{-?\s*content\s*-?\}\}/;

export interface Fault {
  field: string;
  message: string;
  from: number | null;
  to: number | null;
}

/** The layout with the sample in it; null: it has no place for a message. */
export function framed(html: string): string | null {
  const found = INSERTION.exec(html);
  return found && html.slice(0, found.index) + SAMPLE + html.slice(found.index + found[0].length);
}

/** Faults of the framed body as faults of the layout. Offsets count characters, as the server does. */
export function inLayout(html: string, faults: readonly Fault[]): Diagnostic[] {
  const found = INSERTION.exec(html);
  if (!found)
    return [
      {
        message: "There is no {{ content }}: that is where a message goes",
        severity: "error",
        from: null,
        to: null,
      },
    ];
  const begins = [...html.slice(0, found.index)].length;
  const grown = SAMPLE.length - found[0].length;
  const moved = (at: number | null) => {
    if (at === null || at <= begins) return at;
    return Math.max(at - grown, begins);
  };
  return faults
    .filter((one) => one.field === "body" || one.field.startsWith("snippets"))
    .map((one) => ({
      message: one.message,
      severity: "error",
      from: one.field === "body" ? moved(one.from) : null,
      to: one.field === "body" ? moved(one.to) : null,
    }));
}
