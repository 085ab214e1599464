// SPDX-License-Identifier: Apache-2.0
// What is said of limits of recipients' domains. Without a DOM.
import { OURS } from "../../api/client";
import { number } from "../../lib/format";

/** The most e-mails a second to recipients of a domain; 0: no limit. `settings`: what those say, null for nothing. */
export interface DomainLimit {
  domain: string;
  per_second: number;
  changed: boolean;
  settings: number | null;
}

export function domainPath(domain: string): string {
  // A path needs something at its end, and the server names what is wrong with it.
  return `${OURS}/providers/domains/${encodeURIComponent(domain.trim() || " ")}`;
}

export function limitWords(perSecond: number): string {
  return perSecond > 0 ? `${number(perSecond)} a second` : "none";
}

/** Who says so, and what the settings say besides. */
export function sourceOf(one: DomainLimit): string {
  if (!one.changed) return "By the settings.";
  return one.settings === null ? "Set here." : `Set here; the settings say ${limitWords(one.settings)}.`;
}

/** What dropping what was set here does. */
export function backTo(one: DomainLimit): string {
  return one.settings === null ? "Remove the limit" : "As the settings say";
}
