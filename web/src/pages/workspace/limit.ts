// SPDX-License-Identifier: Apache-2.0
// The message limit as its form edits it, and as the server takes it. Without a DOM.

export interface Limit {
  messages: number;
  days: number;
}

export type LimitForm = Record<keyof Limit, string>;

/** What its fields show; empty for none. */
export function formOf(limit: Limit | null): LimitForm {
  return { messages: limit ? String(limit.messages) : "", days: limit ? String(limit.days) : "" };
}

/** What is sent: null for an empty form; what is no number goes as it is, so that the server names it. */
export function limitOf(form: LimitForm): Record<keyof Limit, unknown> | null {
  const [messages, days] = [form.messages.trim(), form.days.trim()];
  if (!messages && !days) return null;
  const value = (text: string) => (text && Number.isFinite(Number(text)) ? Number(text) : text);
  return { messages: value(messages), days: value(days) };
}
