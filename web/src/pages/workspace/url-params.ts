// SPDX-License-Identifier: Apache-2.0
// URL parameters as they are written, name=value in a line each, and as the server takes them. Without a DOM.

export interface Param {
  name: string;
  value: string;
}

/** What analytics programs look for. */
export const USUAL: readonly Param[] = [
  { name: "utm_source", value: "clarion" },
  { name: "utm_medium", value: "{{ message.type }}" },
  { name: "utm_campaign", value: "{{ campaign.name }}" },
  { name: "utm_content", value: "{{ message.name }}" },
];

export function linesOf(params: readonly Param[]): string {
  return params.map(({ name, value }) => `${name}=${value}`).join("\n");
}

/** As they are sent; what is wrong with a line is the server's to say. */
export function paramsOf(lines: string): Param[] {
  return lines
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.indexOf("=");
      return at < 0
        ? { name: line, value: "" }
        : { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
    });
}

/** Those that can be stored while the others are still being written. */
export function wholeOf(lines: string): Param[] {
  const seen = new Set<string>();
  return paramsOf(lines).filter(({ name, value }) => {
    const whole = /^[\w.~-]+$/.test(name) && value !== "" && !seen.has(name);
    seen.add(name);
    return whole;
  });
}

/** The first thing that was refused, by the number of its line. */
export function refusalOf(about: (pointer: string) => string | undefined, count: number): string | undefined {
  const whole = about("/url_parameters");
  if (whole) return whole;
  for (let no = 0; no < count; no++)
    for (const part of ["", "/name", "/value"]) {
      const found = about(`/url_parameters/${no}${part}`);
      // The server names the field in front; here it is the line.
      if (found) return `${no + 1}: ${found.replace(/^url_parameters[\w.]*: /, "")}`;
    }
  return undefined;
}

export function pointersOf(count: number): string[] {
  const each = Array.from({ length: count }, (_, no) => `/url_parameters/${no}`);
  return ["/url_parameters", ...each.flatMap((one) => [one, `${one}/name`, `${one}/value`])];
}
