// SPDX-License-Identifier: Apache-2.0
// The fields of a webhook as the composer edits them, and how its call reads. Without a DOM.
import { setOut } from "../../../preview/json";
import type { Draft, Rendered } from "../../../preview/message";
import { type Header, headersOf } from "./email-draft";

const FIELDS = [
  "name",
  "sending_state",
  "send_to_unsubscribed",
  "topic_id",
  "method",
  "url",
  "conversion_tracking",
  "headers",
  "body",
] as const;

/** Methods by the API's words. */
export const METHODS: readonly (readonly [string, string])[] = [
  ["post", "POST"],
  ["put", "PUT"],
  ["patch", "PATCH"],
  ["get", "GET"],
  ["delete", "DELETE"],
];

export function pick(stored: Draft): Draft {
  return Object.fromEntries(FIELDS.filter((name) => name in stored).map((name) => [name, stored[name]]));
}

export function bodyOf(draft: Draft): Draft {
  return { ...draft, headers: headersOf(draft).filter((one) => one.name.trim()) };
}

/** What goes with each call besides: the message's own id, the same on every attempt. */
const ADDED: readonly Header[] = ["x-cio-delivery-id", "x-cio-idempotency-key"].map((name) => ({
  name,
  value: "(the message's id)",
}));

/** The call as it goes out: its first line, its headers, a blank line, its body; JSON is set out in lines. */
export function request(message: Rendered): string {
  const url = typeof message.url === "string" ? message.url : "(no URL)";
  const method = typeof message.method === "string" ? message.method.toUpperCase() : "";
  const headers = Array.isArray(message.headers) ? (message.headers as Header[]) : [];
  const body = typeof message.body === "string" ? message.body : "";
  const lines = [`${method} ${url}`, ...[...headers, ...ADDED].map((one) => `${one.name}: ${one.value}`)];
  return body ? `${lines.join("\n")}\n\n${setOut(body)}` : lines.join("\n");
}
