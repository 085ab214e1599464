// SPDX-License-Identifier: Apache-2.0
// Fields of a broadcast and of its messages in words, and what stands in them. Without a DOM.
import { type Audience, type SegmentNames, sentence } from "../audience/filter";
import { fieldName, lowered } from "../lib/fieldnames";
import { bytes } from "../lib/format";
import { goalWords } from "../pages/broadcast/goal";
import type { Goal } from "../pages/broadcasts/types";

export interface Names {
  segments: SegmentNames;
  /** Of messages, by number. */
  messages: Readonly<Record<string, string>>;
}

const NOTHING: Names = { segments: new Map(), messages: {} };

const DOUBT = { hold: "list it as in doubt", resend: "hand it over again" } as const;
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  exit_when: {
    never: "never",
    goal: "when they reach the goal",
    no_longer_matching: "when they no longer match the recipients",
  },
  doubt_policy: DOUBT,
  doubt: DOUBT,
  sending_state: { automatic: "send automatically", draft: "queue a draft", off: "don't send" },
};

function last(field: string): string {
  return field.slice(field.lastIndexOf("/") + 1);
}

/** "Name", "Welcome: subject", "Welcome (de): body". */
export function fieldWords(field: string, names: Names = NOTHING): string {
  const [first, number, ...rest] = field.split("/");
  if (first !== "actions" || number === undefined) return fieldName(field);
  const message = names.messages[number] || `Message ${number}`;
  if (rest.length === 0) return message;
  const language = rest[0] === "languages" ? rest[1] : undefined;
  const inner = (language === undefined ? rest : rest.slice(2)).join("/");
  const words = fieldName(last(inner), inner);
  return `${message}${language ? ` (${language})` : ""}: ${lowered(words)}`;
}

/** What a field holds, as a text; "" for nothing. */
export function valueWords(field: string, value: unknown, names: Names = NOTHING): string {
  if (value === null || value === undefined) return field === "goal" ? "none" : "";
  const name = last(field);
  if (name === "recipients" || name === "condition") return sentence(value as Audience, names.segments);
  if (field === "goal") return goalWords(value as Goal, names.segments);
  if (field === "actions") return (value as unknown[]).map((one) => messageName(one, names)).join("\n");
  if (name === "url_parameters")
    return (value as { name: string; value: string }[]).map((one) => `${one.name}=${one.value}`).join("\n");
  if (name === "headers")
    return (value as { name: string; value: string }[]).map((one) => `${one.name}: ${one.value}`).join("\n");
  if (name === "attachments") return filesIn(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object") return wholeMessage(value as Record<string, unknown>, names);
  return VALUES[name]?.[String(value)] ?? String(value);
}

/** With what tells two files of one name and size apart. */
function filesIn(value: unknown): string {
  const files = value as { name: string; size: number; hash: string }[];
  return files.map((one) => `${one.name} (${bytes(one.size)}, ${one.hash.slice(0, 8)})`).join("\n");
}

function messageName(number: unknown, names: Names): string {
  return names.messages[String(number)] || `Message ${number}`;
}

/** The settings of a version, and each of its messages: field and text, in the order of the pages that edit them. */
export function everything(held: Readonly<Record<string, unknown>>, names: Names): [string, string][] {
  const settings = [
    "name",
    "recipients",
    "goal",
    "exit_when",
    "topic_id",
    "tags",
    "language_attribute",
    "doubt_policy",
    "ignores_message_limit",
  ];
  const found = settings
    .filter((name) => name in held)
    .map((name): [string, string] => [fieldWords(name, names), valueWords(name, held[name], names)]);
  for (const action of (held.actions ?? []) as Record<string, unknown>[]) {
    const { id, languages, ...fields } = action;
    const name = messageName(id, names);
    found.push([name, wholeMessage(fields, names)]);
    for (const [language, content] of Object.entries((languages ?? {}) as Record<string, unknown>))
      found.push([`${name} (${language})`, wholeMessage(content as Record<string, unknown>, names)]);
  }
  return found;
}

/** Of a message that was added or removed: what it says. */
function wholeMessage(fields: Readonly<Record<string, unknown>>, names: Names): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== "" && value !== null && !isEmpty(value))
    .map(([name, value]) => `${fieldName(name)}: ${valueWords(name, value, names)}`)
    .join("\n");
}

/** A list of nothing, or no condition. */
function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** What changed, for a line of a list: each message once. */
export function summary(fields: readonly string[], names: Names = NOTHING): string {
  const groups = new Map<string, string[]>();
  for (const field of fields) {
    const [first, number, ...rest] = field.split("/");
    const ofMessage = first === "actions" && number !== undefined;
    const group = ofMessage ? messageName(number, names) : "";
    const words = ofMessage
      ? rest.length === 0
        ? ""
        : fieldWords(["actions", "-", ...rest].join("/"), { ...names, messages: { "-": "-" } }).replace(
            /^-:? /,
            "",
          )
      : lowered(fieldWords(field, names));
    const known = groups.get(group) ?? [];
    if (words && !known.includes(words)) known.push(words);
    groups.set(group, known);
  }
  return [...groups]
    .map(([group, words]) => {
      const shown = words.length > 4 ? [...words.slice(0, 3), `${words.length - 3} more`] : words;
      return [group, shown.join(", ")].filter(Boolean).join(": ");
    })
    .join(" · ");
}
