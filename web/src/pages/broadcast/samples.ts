// SPDX-License-Identifier: Apache-2.0
// The same trigger call as curl, Python and Node, to be copied.

/** A text for a POSIX shell, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** With curl. */
export function curl(base: string, id: number, body: object): string {
  return [
    `curl -X POST ${base}/v1/campaigns/${id}/triggers \\`,
    "  -H 'Authorization: Bearer YOUR_APP_API_KEY' \\",
    "  -H 'Content-Type: application/json' \\",
    `  -d ${shellQuoted(JSON.stringify(body, null, 2))}`,
  ].join("\n");
}

/** JSON as Python writes it. */
export function pythonLiteral(value: unknown, indent = ""): string {
  const inner = `${indent}    `;
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((one) => inner + pythonLiteral(one, inner)).join(",\n")},\n${indent}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value as object);
    if (entries.length === 0) return "{}";
    const lines = entries.map(
      ([name, one]) => `${inner}${JSON.stringify(name)}: ${pythonLiteral(one, inner)}`,
    );
    return `{\n${lines.join(",\n")},\n${indent}}`;
  }
  return JSON.stringify(value);
}

/** With Customer.io's Python package. */
export function python(base: string, id: number, body: object): string {
  return [
    "from customerio import APIClient  # pip install customerio",
    "",
    `client = APIClient("YOUR_APP_API_KEY", url="${base}")`,
    `body = ${pythonLiteral(body)}`,
    `client.send_request("POST", client.url + "/v1/campaigns/${id}/triggers", body)`,
  ].join("\n");
}

/** With Customer.io's Node package. */
export function node(base: string, id: number, body: { data?: object; recipients?: object }): string {
  const { data = {}, ...rest } = body;
  const recipients = rest.recipients ?? rest;
  return [
    'import { APIClient } from "customerio-node"; // npm install customerio-node',
    "",
    `const client = new APIClient("YOUR_APP_API_KEY", { url: "${base}/v1" });`,
    `const data = ${JSON.stringify(data, null, 2)};`,
    Object.keys(recipients).length > 0
      ? `await client.triggerBroadcast(${id}, data, ${JSON.stringify(recipients, null, 2)});`
      : `await client.triggerBroadcast(${id}, data);`,
  ].join("\n");
}
