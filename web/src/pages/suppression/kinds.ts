// SPDX-License-Identifier: Apache-2.0
// Why addresses get no mail, and how one looks for some of them. Without a DOM.

export interface Suppressed {
  created: number;
  email: string;
  reason: string;
  status: string;
}

export const PATH = "/v1/esp/suppression";

export const KINDS = [
  ["bounces", "Bounced: there is no such mailbox"],
  ["spam_reports", "Reported as spam"],
  ["blocks", "Blocked by the receiver"],
  ["invalid_emails", "No valid address"],
] as const;

export type Kind = (typeof KINDS)[number][0];

/** What was typed: a whole address, which is looked for under every reason, a domain, or nothing that tells. */
export function soughtIn(typed: string): { email: string } | { domain: string } | null {
  const text = typed.trim();
  const at = text.lastIndexOf("@");
  if (at > 0 && /^[^\s@]+\.[^\s@.]{2,}$/.test(text.slice(at + 1))) return { email: text };
  const domain = (at === 0 ? text.slice(1) : text).toLowerCase();
  return at <= 0 && /^[^\s@]+\.[^\s@.]{2,}$/.test(domain) ? { domain } : null;
}
