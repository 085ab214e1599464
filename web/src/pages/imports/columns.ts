// SPDX-License-Identifier: Apache-2.0
// Which column of a file becomes which attribute, guessed from the names and then chosen.

/** `POST /uploads`. */
export interface Upload {
  id: number;
  name: string;
  bytes: number;
  encoding: string;
  delimiter: string;
  rows: number;
  /** False: `rows` is an estimate. */
  counted: boolean;
  columns: string[];
  sample: string[][];
}

/** What a column becomes; `used` false leaves it out. */
export interface Choice {
  column: string;
  attribute: string;
  used: boolean;
  type: ColumnType;
}

export type ColumnType = "text" | "number" | "boolean" | "date";

export const COLUMN_TYPES: readonly (readonly [ColumnType, string])[] = [
  ["text", "Text"],
  ["number", "Number"],
  ["boolean", "True or false"],
  ["date", "Date"],
];

const DELIMITERS: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs" };

/** How a file was read, such as "in UTF-8, with semicolons". */
export function readAs({ encoding, delimiter }: Pick<Upload, "encoding" | "delimiter">): string {
  return `in ${encoding.toUpperCase()}, with ${DELIMITERS[delimiter] ?? delimiter}`;
}

/** Identifiers are texts, whatever they look like. */
export function hasType(choice: Choice): boolean {
  return choice.used && !["id", "email", "cio_id"].includes(choice.attribute.trim());
}

/** The `types` of the API: only what is no text. */
export function typesOf(choices: readonly Choice[]): Record<string, ColumnType> {
  const typed = choices.filter((one) => hasType(one) && one.type !== "text");
  return Object.fromEntries(typed.map((one) => [one.attribute.trim(), one.type]));
}

export type Identifier = "id" | "email";

const EMAIL = /^e?-?mail([-_ ]?address)?$|^e-?mail$/i;
const ID = /^((user|customer|person|external)[-_ ]?)?id$/i;

/** The first guess: names that mean an identifier are taken for it, the others keep theirs. */
export function guess(columns: readonly string[]): Choice[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    const meant = EMAIL.test(column) ? "email" : ID.test(column) ? "id" : column;
    const attribute = taken.has(meant) ? column : meant;
    taken.add(attribute);
    return { column, attribute, used: column !== "", type: "text" };
  });
}

/** The identifier that a file can have: an id is the surer one. */
export function identifierOf(choices: readonly Choice[], byEmail: boolean): Identifier {
  const used = choices.filter((one) => one.used).map((one) => one.attribute.trim());
  return used.includes("id") || !byEmail || !used.includes("email") ? "id" : "email";
}

/** What is wrong with the choices, by column; "" is about none of them. */
export function faults(choices: readonly Choice[], identifier: Identifier): Map<string, string> {
  const found = new Map<string, string>();
  const seen = new Map<string, string>();
  for (const { column, attribute, used } of choices) {
    if (!used) continue;
    const name = attribute.trim();
    const before = seen.get(name);
    if (!name) found.set(column, "Name the attribute, or leave the column out");
    else if (before !== undefined) found.set(column, `${before} becomes ${name} already`);
    seen.set(name, column);
  }
  if (!seen.has(identifier)) found.set("", `No column becomes ${identifier}, which says who a row is about`);
  return found;
}

/** The `columns` of the API: only what differs from the file. */
export function columnsOf(choices: readonly Choice[]): Record<string, string | null> {
  const changed: Record<string, string | null> = {};
  for (const { column, attribute, used } of choices) {
    if (!used) changed[column] = null;
    else if (attribute.trim() !== column) changed[column] = attribute.trim();
  }
  return changed;
}

/** Rows that were wrong as a CSV file. */
export function csvOf(errors: readonly { line: number; error: string }[]): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return ["line,error", ...errors.map((one) => `${one.line},${quoted(one.error)}`), ""].join("\r\n");
}
