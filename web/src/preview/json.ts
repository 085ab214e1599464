// SPDX-License-Identifier: Apache-2.0
// JSON as it is read best.

/** Set out in lines; what is no JSON stays as it is. */
export function setOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
