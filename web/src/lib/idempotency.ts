// SPDX-License-Identifier: Apache-2.0
// Keys by which the server tells a call that is repeated, because its answer was lost, from a second one. Without a DOM.

/** A new one. (`crypto.randomUUID` is there only under https and on this machine.) */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
