// SPDX-License-Identifier: Apache-2.0
// What is said of the domain of links. Without a DOM.

export interface TrackingDomain {
  url: string;
  used: boolean;
  verified_at: number | null;
  checked_at: number | null;
  failure: string | null;
  cname: string;
}

export interface DomainAnswer {
  tracking_domain: TrackingDomain | null;
  base_url: string;
}

/** By which domain links lead here now, in a sentence. */
export function leadingBy({ tracking_domain: own, base_url }: DomainAnswer): string {
  if (own === null) return `Links lead to ${base_url}.`;
  if (own.used) return `Links lead to ${own.url}.`;
  return `Links lead to ${base_url} until ${own.url} leads here.`;
}

/** What to do about a domain that does not lead here; null where there is nothing. */
export function adviceOf(own: TrackingDomain | null): string | null {
  if (own === null || own.used) return null;
  const name = own.url.replace(/^https?:\/\//, "");
  return `Point a CNAME record of ${name} at ${own.cname}, and have the proxy in front of this server answer for it with a certificate and pass its Host header on. Then look again.`;
}
