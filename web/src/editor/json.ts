// SPDX-License-Identifier: Apache-2.0
// Typed JSON, and where it is wrong: browsers say it each in its own words, and not always where.
import { aboutAll, type Diagnostic } from "./offsets";

type Wrong = { index: number; message: string };

const WORD = /^[\p{L}\p{N}_$.+-]+/u;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const QUOTES = "'‘’“”„«»`";
const MAY_FOLLOW_BACKSLASH = /^(["\\/bfnrt]|u[\da-fA-F]{4})/;

/** Reads a text of JSON up to the first thing that is wrong in it. */
class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  first(): Wrong | null {
    try {
      this.value("A value");
      this.space();
      if (this.at < this.text.length) this.fail("Nothing may follow here.");
      return null;
    } catch (found) {
      return found as Wrong;
    }
  }

  private fail(message: string, index = this.at): never {
    throw { index, message } satisfies Wrong;
  }

  private space(): void {
    while (" \t\r\n".includes(this.text[this.at] || "x")) this.at += 1;
  }

  private next(): string {
    this.space();
    return this.text[this.at] ?? "";
  }

  private value(what: string): void {
    const sign = this.next();
    if (sign === "{") this.members("}", true);
    else if (sign === "[") this.members("]", false);
    else if (sign === '"') this.string();
    else this.word(what);
  }

  private word(what: string): void {
    const sign = this.next();
    if (sign && QUOTES.includes(sign)) this.fail(`Texts stand between straight double quotes: "…".`);
    const [word = ""] = WORD.exec(this.text.slice(this.at)) ?? [];
    if (word === "") this.fail(`${what} is missing here.`);
    if (!["true", "false", "null"].includes(word) && !NUMBER.test(word))
      this.fail(`A text stands between double quotes: "${word}".`);
    this.at += word.length;
  }

  private string(): void {
    const began = this.at;
    for (this.at += 1; this.text[this.at] !== '"'; this.at += 1) {
      const sign = this.text[this.at];
      if (sign === undefined || sign === "\n") this.fail('This text is not ended by ".', began);
      if (sign < " ") this.fail("A tab stands as \\t in a text.");
      if (sign !== "\\") continue;
      const [escaped = ""] = MAY_FOLLOW_BACKSLASH.exec(this.text.slice(this.at + 1, this.at + 6)) ?? [];
      if (!escaped) this.fail("A backslash is written twice: \\\\.");
      this.at += escaped.length;
    }
    this.at += 1;
  }

  private members(end: "}" | "]", named: boolean): void {
    const began = this.at;
    this.at += 1;
    if (this.next() === end) {
      this.at += 1;
      return;
    }
    for (;;) {
      if (this.next() === "") this.fail(`This is not ended by ${end}.`, began);
      if (named) this.name();
      this.value("A value");
      const after = this.next();
      if (after === "") this.fail(`This is not ended by ${end}.`, began);
      if (after !== end && after !== ",") this.fail(`A comma or ${end} is missing before this.`);
      const comma = this.at;
      this.at += 1;
      if (after === end) return;
      if (this.next() === end) this.fail("This comma is one too many: nothing follows it.", comma);
    }
  }

  private name(): void {
    if (this.next() !== '"') {
      const [word = ""] = WORD.exec(this.text.slice(this.at)) ?? [];
      this.fail(`A name stands between double quotes: "${word || "name"}".`);
    }
    this.string();
    if (this.next() !== ":") this.fail("A colon is missing after the name.");
    this.at += 1;
  }
}

/** The first thing that is wrong in a text that is no JSON, and where. */
export function firstWrong(text: string): Diagnostic {
  const found = new Reader(text).first() ?? { index: 0, message: "This is not JSON." };
  const before = text.slice(0, found.index);
  const from = [...before].length;
  const line = before.split("\n").length;
  return { message: `Line ${line}: ${found.message}`, severity: "error", from, to: from + 1 };
}

export type Read = { value: unknown } | { fault: Diagnostic };

export function readJson(text: string): Read {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: firstWrong(text) };
  }
}

/** What a call brings as `data`; nothing typed is no data. */
export function readData(text: string): { data: Record<string, unknown> } | { fault: Diagnostic } {
  const read = text.trim() ? readJson(text) : { value: {} };
  if ("fault" in read) return read;
  const { value } = read;
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return { data: value as Record<string, unknown> };
  const message = 'The data is an object: {"name": "value"}. Without a "data" around it.';
  return { fault: aboutAll(message) };
}
