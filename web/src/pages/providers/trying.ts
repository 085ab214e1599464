// SPDX-License-Identifier: Apache-2.0
// What a test through an account asks for, by its channel. Without a DOM.

export interface To {
  label: string;
  type: "email" | "tel" | "text" | "url";
  hint?: string;
  placeholder?: string;
}

const PHONE: To = { label: "To", type: "tel", placeholder: "+15551234567" };
const TO: Record<string, To> = {
  email: { label: "To", type: "email" },
  sms: PHONE,
  whatsapp: PHONE,
  slack: { label: "To", type: "text", placeholder: "#alerts", hint: "A channel or a member, by name or id." },
  push: { label: "Token of the device", type: "text" },
  webhook: {
    label: "URL",
    type: "url",
    placeholder: "https://example.com/in",
    hint: "It is called by POST with some JSON. Private addresses only where the settings allow them.",
  },
};

/** Where a test goes; null: to a person, whatever they have. */
export function toOf(channel: string): To | null {
  return TO[channel] ?? null;
}

/** Whether a message names its sender, and whether it may go without. */
export function senderOf(channel: string): "needed" | "possible" | "none" {
  if (channel === "email") return "needed";
  return channel === "sms" || channel === "whatsapp" ? "possible" : "none";
}

/** Values of a template as they are typed, one in a line: `1: Ann`. `undefined`: a line is none. */
export function variablesIn(text: string): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const at = line.indexOf(":");
    const name = line.slice(0, at).trim();
    if (at < 0 || name === "") return undefined;
    found[name] = line.slice(at + 1).trim();
  }
  return found;
}

interface Typed {
  to: string;
  from: string;
  content_sid: string;
  variables: string;
}

/** The body of the call. `cioId`: of the person that it is for instead of what is typed. */
export function bodyOf(channel: string, typed: Typed, cioId: string | null): object {
  if (cioId !== null) return { person: { cio_id: cioId } };
  const body: Record<string, unknown> = { to: typed.to };
  if (senderOf(channel) === "needed" || (senderOf(channel) === "possible" && typed.from.trim() !== "")) {
    body.from = typed.from;
  }
  if (channel === "whatsapp") {
    // What is no list of values goes as it is: the server says what it should be.
    const variables = variablesIn(typed.variables) ?? typed.variables;
    body.template = { content_sid: typed.content_sid.trim(), variables };
  }
  return body;
}
