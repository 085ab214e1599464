// SPDX-License-Identifier: Apache-2.0
// Which path a pattern means: `/broadcasts/:id/:step?` gives { id, step }.

/** The values of a pattern's names in a path, decoded; null when it does not match. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const found = path.split("/").filter(Boolean);
  if (found.length > wanted.length) return null;
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = found[index];
    if (part.startsWith(":")) {
      if (value === undefined) {
        if (!part.endsWith("?")) return null;
        continue;
      }
      try {
        values[part.replace(/^:|\?$/g, "")] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (value !== part) return null;
  }
  return values;
}
