// SPDX-License-Identifier: Apache-2.0
// Values of attributes as somebody edits them: their type is chosen, never guessed, and numbers keep every digit.

export type ValueType = "text" | "number" | "boolean" | "json" | "nothing";

/** `json`: the value as JSON text, which keeps what JavaScript's numbers would lose. */
export interface Attribute {
  name: string;
  type: Exclude<ValueType, "nothing">;
  json: string;
  text: string;
  changed_at: number;
}

export const TYPES: readonly (readonly [ValueType, string])[] = [
  ["text", "Text"],
  ["number", "Number"],
  ["boolean", "True or false"],
  ["json", "List or object (JSON)"],
  ["nothing", "Nothing (null)"],
];

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** How a type is called in a table. */
export function typeWords(type: ValueType): string {
  return TYPES.find(([key]) => key === type)?.[1] ?? type;
}

/** What stands in the field for a value. */
export function fieldText({ type, json, text }: Pick<Attribute, "type" | "json" | "text">): string {
  if (type === "number") return json;
  if (type !== "json") return text;
  const value: unknown = JSON.parse(json);
  return JSON.stringify(value) === json ? JSON.stringify(value, null, 2) : json; // as it is where digits would be lost
}

/** What stands in the field when another type is chosen. */
export function retyped(text: string, to: ValueType): string {
  if (to === "boolean") return text.trim().toLowerCase() === "true" ? "true" : "false";
  if (to === "nothing") return "";
  return to === "number" && !NUMBER.test(text.trim()) ? "" : text;
}

/** The value as JSON text, or what is wrong with it. */
export function jsonOf(text: string, type: ValueType): { json: string } | { fault: string } {
  if (type === "nothing") return { json: "null" };
  if (type === "text") {
    return text === ""
      ? { fault: "An empty text is the same as nothing: choose Nothing to take it away." }
      : { json: JSON.stringify(text) };
  }
  const bare = text.trim();
  if (type === "boolean") return { json: bare === "true" ? "true" : "false" };
  if (type === "number") {
    return NUMBER.test(bare)
      ? { json: bare }
      : { fault: "A number has digits and at most one point, such as 43 or -1.5." };
  }
  try {
    const value: unknown = JSON.parse(bare);
    return typeof value === "object" && value !== null
      ? { json: bare }
      : { fault: "This is a single value: choose its type above. A list begins with [, an object with {." };
  } catch (error) {
    return { fault: `This is not JSON: ${error instanceof Error ? error.message : error}` };
  }
}

/** The body of the call that changes one attribute. */
export function changeBody(name: string, json: string): string {
  return `{"attributes":{${JSON.stringify(name)}:${json}}}`;
}
