// SPDX-License-Identifier: Apache-2.0
// The circuit breaker as its form edits it, and as the server takes it. Without a DOM.

export interface Breaker {
  after: number;
  bounced: number | null;
  spammed: number | null;
  failed: number | null;
}

export type BreakerForm = Record<keyof Breaker, string>;

export const SHARES = ["bounced", "spammed", "failed"] as const;

/** What its fields show; empty where nothing is minded. */
export function formOf(breaker: Breaker | null): BreakerForm {
  const shown = (share: number | null | undefined) => (share == null ? "" : String(share));
  return {
    after: String(breaker?.after ?? 200),
    bounced: shown(breaker?.bounced),
    spammed: shown(breaker?.spammed),
    failed: shown(breaker?.failed),
  };
}

/** What is sent: null for a form without a share; what is no number goes as it is, so that the server names it. */
export function breakerOf(form: BreakerForm): Record<keyof Breaker, unknown> | null {
  if (SHARES.every((name) => !form[name].trim())) return null;
  const value = (text: string) => (text.trim() && Number.isFinite(Number(text)) ? Number(text) : text.trim());
  const share = (text: string) => (text.trim() ? value(text) : null);
  return {
    after: value(form.after),
    bounced: share(form.bounced),
    spammed: share(form.spammed),
    failed: share(form.failed),
  };
}
