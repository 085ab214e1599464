// SPDX-License-Identifier: Apache-2.0
// A message as it is written, and what the server says of it. Without a DOM.
import type { Diagnostic } from "../editor/offsets";
import { fieldName, withoutName } from "../lib/fieldnames";

/** The fields of an action, or of one of its languages, by their names in the API. */
export type Draft = Readonly<Record<string, unknown>>;

export interface Fault {
  field: string;
  message: string;
  line: number | null;
  column: number | null;
  from: number | null;
  to: number | null;
}

/** The rendered parts of any channel; null: it could not be rendered. */
export type Rendered = Record<string, unknown>;

export interface Named {
  id: string | null;
  email: string | null;
  cio_id: string;
}

export interface PreviewAnswer {
  preview_id: string | null;
  url: string | null;
  person: Named | null;
  language: string;
  outcome: { state: string | null; reason: string | null };
  message: Rendered | null;
  /** Files that go with it. */
  attachments?: { name: string; size: number }[];
  errors: Fault[];
  warnings: Fault[];
  names: string[];
  wanted: Record<string, unknown>;
}

/** What is shown: the newest rendering, and of parts that fail now the last good one. */
export interface Shown {
  answer: PreviewAnswer;
  message: Rendered;
  url: string | null;
  /** Parts that are shown as they were before they failed. */
  stale: string[];
}

/** Parts that are shown in a frame: of an e-mail, of an in-app message, of others. */
const FRAMED = ["html", "body", "image_url"];

/** The preview after an answer: it keeps what was good. */
export function keepGood(before: Shown | null, answer: PreviewAnswer): Shown {
  if (answer.message === null) {
    const message = before?.message ?? {};
    return { answer, message, url: before?.url ?? null, stale: Object.keys(message) };
  }
  const message: Rendered = {};
  const stale: string[] = [];
  for (const [part, value] of Object.entries(answer.message)) {
    const old = before?.message[part];
    const lost = value === null && old !== undefined && old !== null;
    message[part] = lost ? old : value;
    if (lost) stale.push(part);
  }
  const url = answer.url ?? (FRAMED.some((part) => stale.includes(part)) ? (before?.url ?? null) : null);
  return { answer, message, url, stale };
}

/** What is said about one field, for its editor. */
export function diagnosticsOf(answer: PreviewAnswer | undefined, field: string): Diagnostic[] {
  if (!answer) return [];
  const of = (faults: Fault[], severity: Diagnostic["severity"]) =>
    faults
      .filter((one) => one.field === field)
      .map((one) => ({ severity, message: withoutName(one.message, field), from: one.from, to: one.to }));
  return [...of(answer.errors, "error"), ...of(answer.warnings, "warning")];
}

/** Where a fault is, in words; `channel`: the kind of the message. */
export function placeWords(fault: Fault, channel = ""): string {
  const [kind, ...rest] = fault.field.split("/");
  const name = rest.join("/");
  let words = fieldName(fault.field, fault.field, channel);
  if (kind === "headers") words = `Header ${name}`;
  if (kind === "snippets") words = `Snippet ${name}`;
  return fault.line === null ? words : `${words}, line ${fault.line}`;
}

/** What is wrong, beside where it is. */
export function faultWords(fault: Fault): string {
  return withoutName(fault.message, fault.field);
}

/** What is said about one field that is no editor. */
export function errorOf(answer: PreviewAnswer | undefined, field: string): string | undefined {
  const fault = answer?.errors.find((one) => one.field === field);
  return fault && faultWords(fault);
}

/** Addresses that were typed with commas, semicolons, spaces or line ends between them. */
export function addressesOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
}

const OUTCOMES: Record<string, string> = {
  condition: "does not match this message's condition and would not get it",
  unsubscribed: "is unsubscribed and would not get this",
  unsubscribed_topic: "does not want this broadcast's topic and would not get this",
  no_address: "has no address for this and would not get it",
  esp_suppressed: "has a suppressed address and would not get this",
  suppressed: "is suppressed and would not get this",
  deleted: "is deleted and would not get this",
};

/** What nobody is reached without, by the kind of the message. */
const LACKING: Readonly<Record<string, string>> = {
  email: "e-mail address",
  sms: "phone number",
  whatsapp: "phone number",
  push: "device for it",
  slack: "Slack account",
};

/** What would become of it for the person shown, of a message of a kind; null where it would be sent, or errors say it already. */
export function outcomeWords(answer: PreviewAnswer, kind = ""): string | null {
  const { state, reason } = answer.outcome;
  if (state !== "skipped") return null;
  const lacking = reason === "no_address" && LACKING[kind];
  if (lacking) return `has no ${lacking} and would not get this`;
  return (reason && OUTCOMES[reason]) || "would not get this";
}
