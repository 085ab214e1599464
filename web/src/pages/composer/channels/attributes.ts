// SPDX-License-Identifier: Apache-2.0
// What becomes of which attribute, as rows of a form and as the template of a JSON object that is stored. Without a DOM.

export interface Row {
  name: string;
  /** Text with Liquid in it; a value as JSON writes it, or what an output shows of one; or nothing: it is removed. */
  as: "text" | "value" | "remove";
  value: string;
}

const TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/y;
const BLANK = /\s*/y;

/** Reads a template from a place on; what is inside of tags is none of its JSON. */
class Reader {
  at = 0;

  constructor(readonly text: string) {}

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  blank(): void {
    this.take(BLANK);
  }

  /** Whether this sign is next; it is passed over. */
  sign(wanted: string): boolean {
    this.blank();
    if (this.text[this.at] !== wanted) return false;
    this.at += 1;
    return true;
  }

  /** The inside of a string as it is written; null: there is none. */
  string(): string | null {
    if (!this.sign('"')) return null;
    let inside = "";
    while (this.at < this.text.length) {
      const tag = this.take(TAG);
      if (tag) {
        inside += tag;
        continue;
      }
      const one = this.text[this.at] ?? "";
      this.at += 1;
      if (one === '"') return inside;
      inside += one;
      if (one === "\\") {
        inside += this.text[this.at] ?? "";
        this.at += 1;
      }
    }
    return null;
  }

  /** What is written up to the end of this value: a comma or a closing bracket that is not inside of it. */
  value(): string {
    this.blank();
    const start = this.at;
    let depth = 0;
    while (this.at < this.text.length) {
      if (this.take(TAG)) continue;
      const one = this.text[this.at] ?? "";
      if (one === '"') {
        if (this.string() === null) break;
        continue;
      }
      if (depth === 0 && (one === "," || one === "}" || one === "]")) break;
      if (one === "{" || one === "[") depth += 1;
      if (one === "}" || one === "]") depth -= 1;
      this.at += 1;
    }
    return this.text.slice(start, this.at).trim();
  }
}

/** The text between the quotes of a JSON string, with its Liquid as it is; null: it is none. */
function unescaped(inside: string): string | null {
  let text = "";
  let from = 0;
  const tags = new RegExp(TAG.source, "g");
  const plain = (part: string) => JSON.parse(`"${part}"`) as string;
  try {
    for (const tag of inside.matchAll(tags)) {
      text += plain(inside.slice(from, tag.index)) + tag[0];
      from = tag.index + tag[0].length;
    }
    return text + plain(inside.slice(from));
  } catch {
    return null;
  }
}

function escaped(text: string): string {
  let inside = "";
  let from = 0;
  const plain = (part: string) => JSON.stringify(part).slice(1, -1);
  for (const tag of text.matchAll(new RegExp(TAG.source, "g"))) {
    inside += plain(text.slice(from, tag.index)) + tag[0];
    from = tag.index + tag[0].length;
  }
  return inside + plain(text.slice(from));
}

function rowOf(name: string, written: string): Row | null {
  if (written === "null") return { name, as: "remove", value: "" };
  const reader = new Reader(written);
  const inside = reader.string();
  if (inside === null || reader.at < written.length)
    return written ? { name, as: "value", value: written } : null;
  const value = unescaped(inside);
  return value === null ? null : { name, as: "text", value };
}

/** The rows of a template; null where it is written otherwise, and is to be edited as it is. */
export function rowsOf(template: string): Row[] | null {
  const reader = new Reader(template.trim() || "{}");
  const rows: Row[] = [];
  if (!reader.sign("{")) return null;
  while (!reader.sign("}")) {
    if (rows.length > 0 && !reader.sign(",")) return null;
    const inside = reader.string();
    const name = inside === null ? null : unescaped(inside);
    if (name === null || !reader.sign(":")) return null;
    const row = rowOf(name, reader.value());
    if (row === null) return null;
    rows.push(row);
  }
  reader.blank();
  return reader.at === reader.text.length ? rows : null;
}

/** The template that rows make. */
export function templateOf(rows: readonly Row[]): string {
  const lines = rows.map(({ name, as, value }) => {
    const written = as === "remove" ? "null" : as === "text" ? `"${escaped(value)}"` : value.trim() || "null";
    return `  "${escaped(name)}": ${written}`;
  });
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n}`;
}

/** What of a person becomes what, in words; null: what came out is no object. */
export function becoming(rendered: unknown): { name: string; becomes: string | null }[] | null {
  if (typeof rendered !== "string") return null;
  try {
    const found: unknown = JSON.parse(rendered);
    if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
    return Object.entries(found).map(([name, value]) => ({
      name,
      becomes:
        value === null || value === "" ? null : typeof value === "string" ? value : JSON.stringify(value),
    }));
  } catch {
    return null;
  }
}
