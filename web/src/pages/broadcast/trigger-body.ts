// SPDX-License-Identifier: Apache-2.0
// What is typed into the trigger dialog, as the body of a call.
import type { Audience } from "../../audience/filter";
import { isEverybody } from "../../audience/filter";
import { readData } from "../../editor/json";
import type { Diagnostic } from "../../editor/offsets";

export type Whom = "default" | "filter" | "ids" | "emails";

export interface TriggerForm {
  whom: Whom;
  filter: Audience;
  /** Ids or addresses, apart by lines, commas or spaces. */
  named: string;
  /** JSON. */
  data: string;
  ignoreMissing: boolean;
}

/** Names out of a text. */
export function namesOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
}

/** Whom the call names first, if it names people. */
export function firstNamed(form: TriggerForm): { id: string } | { email: string } | undefined {
  const [first] = form.whom === "ids" || form.whom === "emails" ? namesOf(form.named) : [];
  if (!first) return undefined;
  return form.whom === "ids" ? { id: first } : { email: first };
}

/** The body, or what is wrong with the JSON. */
export function bodyOf(form: TriggerForm): { body: Record<string, unknown> } | { fault: Diagnostic } {
  const read = readData(form.data);
  if ("fault" in read) return read;
  const body: Record<string, unknown> = { data: read.data };
  if (form.whom === "filter" && !isEverybody(form.filter)) body.recipients = form.filter;
  if (form.whom === "ids" || form.whom === "emails") {
    body[form.whom] = namesOf(form.named);
    if (form.ignoreMissing) body[form.whom === "ids" ? "id_ignore_missing" : "email_ignore_missing"] = true;
  }
  return { body };
}

/** From so many people on, the number is typed before it goes out. */
export const MANY = 1_000;
