// SPDX-License-Identifier: Apache-2.0
// What stays in this browser: choices, and copies of what the server does not have yet.

/** A remembered value; undefined when there is none, it does not parse, or the browser keeps nothing. */
export function recall<T>(name: string): T | undefined {
  try {
    const text = localStorage.getItem(`clarion.${name}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Remember a value; undefined forgets it. A full or forbidden store is no error: it is only a copy. */
export function remember(name: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(`clarion.${name}`);
    else localStorage.setItem(`clarion.${name}`, JSON.stringify(value));
  } catch {
    // Nothing is kept in private windows of some browsers.
  }
}
