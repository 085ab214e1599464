// SPDX-License-Identifier: Apache-2.0
// What rates are shares of: of what was delivered where that is known, else of what was sent.

export type Basis = "delivered" | "sent";

/** Known where providers told of at least half; SMTP alone tells of none. */
export function basisOf(sent: number, delivered: number): Basis {
  return delivered > 0 && delivered * 2 >= sent ? "delivered" : "sent";
}

/** What one metric is a share of: what became of the sending itself is one of what was sent. */
export function sharedOf(metric: string, basis: Basis): Basis {
  return metric === "delivered" || metric === "bounced" ? "sent" : basis;
}

/** In words, for whoever reads the numbers. */
export function basisWords(basis: Basis): string {
  return basis === "delivered"
    ? "Shares of what was delivered; what was delivered or bounced, of what was sent."
    : "Shares of what was sent: providers have not told of most deliveries.";
}
