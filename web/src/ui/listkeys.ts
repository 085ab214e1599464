// SPDX-License-Identifier: Apache-2.0
// Keys that are pressed while a list is still being found count once it is there.

/** Where the keys lead among `count` options (-1: none), and whether the last of them chose it. */
export function follow(keys: readonly string[], count: number): { at: number; chosen: boolean } {
  let at = -1;
  for (const key of keys) {
    if (key === "Enter") return { at, chosen: at >= 0 };
    if (count > 0) at = stepped(at, key === "ArrowDown" ? 1 : -1, count);
  }
  return { at, chosen: false };
}

/** The option after a step, round in a circle; up from none is the last one. */
export function stepped(at: number, by: 1 | -1, count: number): number {
  return at < 0 ? (by === 1 ? 0 : count - 1) : (at + by + count) % count;
}
