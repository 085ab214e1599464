// SPDX-License-Identifier: Apache-2.0
// The fields of an e-mail as the composer edits them, and as they are sent. Without a DOM.
import type { Draft } from "../../../preview/message";

export interface Header {
  name: string;
  value: string;
}

const TEXTS = [
  "subject",
  "preheader",
  "body",
  "plain",
  "amp",
  "from",
  "reply_to",
  "recipient",
  "cc",
  "bcc",
] as const;
const OF_LANGUAGE = [
  ...TEXTS,
  "from_id",
  "reply_to_id",
  "layout_id",
  "headers",
  "tracked",
  "inline_css",
  "fake_bcc",
  "url_parameters",
] as const;
const OF_ACTION = ["name", "sending_state", "send_to_unsubscribed", "topic_id", ...OF_LANGUAGE] as const;

export function text(draft: Draft, name: string): string {
  const value = draft[name];
  return typeof value === "string" ? value : "";
}

export function flag(draft: Draft, name: string): boolean {
  return draft[name] === true;
}

export function numberOf(draft: Draft, name: string): number | null {
  const value = draft[name];
  return typeof value === "number" ? value : null;
}

export function headersOf(draft: Draft): Header[] {
  return Array.isArray(draft.headers) ? (draft.headers as Header[]) : [];
}

/** What is edited of a stored action, or of a language of it. */
export function pick(stored: Draft, language: string): Draft {
  const names: readonly string[] = language ? OF_LANGUAGE : OF_ACTION;
  return Object.fromEntries(names.filter((name) => name in stored).map((name) => [name, stored[name]]));
}

/** As it is sent: an identity or an address, not both; headers that nobody has named yet are left out. */
export function bodyOf(draft: Draft): Draft {
  const body: Record<string, unknown> = {
    ...draft,
    headers: headersOf(draft).filter((one) => one.name.trim()),
  };
  for (const [address, identity] of [
    ["from", "from_id"],
    ["reply_to", "reply_to_id"],
  ] as const) {
    if (typeof body[identity] === "number") delete body[address];
    else delete body[identity];
  }
  return body;
}
