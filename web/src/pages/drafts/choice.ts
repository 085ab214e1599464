// SPDX-License-Identifier: Apache-2.0
// Which draft comes next.

/** The one after (or before) the chosen; the first when none is; undefined at the end. */
export function next<T extends { id: string }>(
  all: readonly T[],
  chosen: string | null,
  by: 1 | -1,
): T | undefined {
  const at = all.findIndex((one) => one.id === chosen);
  return at < 0 ? all[0] : all[at + by];
}
