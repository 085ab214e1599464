// SPDX-License-Identifier: Apache-2.0
// What an editor of Liquid offers, made from what the server knows (`GET /completions`).

export interface Completions {
  attributes: { name: string; share: number; values: string[] }[];
  trigger: string[];
  snippets: { name: string; text: string }[];
  tags: { name: string; end: string | null; help: string }[];
  filters: { name: string; help: string }[];
}

/** One offer; the fields are CodeMirror's. */
export interface Offer {
  label: string;
  type: "variable" | "property" | "keyword" | "function" | "text";
  detail?: string;
  info?: string;
  boost?: number;
}

const MESSAGE = ["id", "name", "subject", "preheader"];
const CAMPAIGN = ["id", "name", "type"];

/** Names that stand at the beginning of a path. */
export const ROOTS: readonly Offer[] = [
  { label: "customer", type: "variable", detail: "the person", boost: 3 },
  { label: "trigger", type: "variable", detail: "data of the call", boost: 2 },
  { label: "snippets", type: "variable", detail: "pieces of text", boost: 1 },
  { label: "campaign", type: "variable", detail: "the broadcast" },
  { label: "message", type: "variable", detail: "this message" },
  { label: "delivery_id", type: "variable", detail: "this delivery" },
];

function share(part: number): string {
  if (part >= 0.995) return "everybody";
  return part < 0.01 ? "under 1 %" : `${Math.round(part * 100)} %`;
}

function below(paths: readonly string[], path: readonly string[]): Offer[] {
  const prefix = path.join(".");
  const names = new Set<string>();
  for (const one of paths) {
    if (prefix && !one.startsWith(`${prefix}.`)) continue;
    const rest = prefix ? one.slice(prefix.length + 1) : one;
    const name = rest.split(".")[0];
    if (name) names.add(name);
  }
  return [...names].map((label) => ({ label, type: "property" }));
}

/** What may follow a path and a dot. */
export function propertiesOf(known: Completions | undefined, path: readonly string[]): Offer[] {
  const [root, ...rest] = path;
  if (root === "message" && rest.length === 0) return MESSAGE.map((label) => ({ label, type: "property" }));
  if (root === "campaign" && rest.length === 0) return CAMPAIGN.map((label) => ({ label, type: "property" }));
  if (!known) return [];
  if (root === "trigger") return below(known.trigger, rest);
  if (root === "snippets" && rest.length === 0)
    return known.snippets.map((one) => ({ label: one.name, type: "property", info: one.text || undefined }));
  if (root !== "customer" || rest.length > 0) return [];
  return known.attributes.map((one, no) => ({
    label: one.name,
    type: "property",
    detail: share(one.share),
    info: one.values.length > 0 ? `such as ${one.values.join(", ")}` : undefined,
    boost: -no / 10,
  }));
}

/** Tags, with a line of help each. */
export function tagsOf(known: Completions | undefined): Offer[] {
  return (known?.tags ?? [])
    .filter((one) => one.name !== "#")
    .map((one) => ({
      label: one.name,
      type: "keyword",
      detail: one.end ? `… ${one.end}` : undefined,
      info: one.help,
    }));
}

/** Filters, with a line of help each. */
export function filtersOf(known: Completions | undefined): Offer[] {
  return (known?.filters ?? []).map((one) => ({ label: one.name, type: "function", info: one.help }));
}

/** Whether a text ends within {{ … }} or {% … %}. */
export function insideLiquid(before: string): boolean {
  const last = (signs: readonly string[]) => Math.max(...signs.map((one) => before.lastIndexOf(one)));
  return last(["{{", "{%"]) > last(["}}", "%}"]);
}

const MAIL_TAGS = new Set(
  (
    "a abbr b blockquote body br caption center code col colgroup div em h1 h2 h3 h4 h5 h6 head hr html i img li " +
    "link meta ol p pre q s small span strong style sub sup table tbody td tfoot th thead title tr u ul"
  ).split(" "),
);
const MAIL_ATTRIBUTES = new Set(
  (
    "alt aria-hidden aria-label bgcolor border cellpadding cellspacing charset class colspan content dir height " +
    "href id lang name rel role rowspan src start style target title type value valign width align"
  ).split(" "),
);

/** Of what HTML has, what mail programs understand; the end of a tag is always offered. */
export function forMails<T extends { label: string; type?: string }>(offers: readonly T[]): T[] {
  return offers.filter((one) => {
    if (one.type === "type") return /^<?\//.test(one.label) || MAIL_TAGS.has(one.label.replace(/^</, ""));
    return one.type !== "property" || MAIL_ATTRIBUTES.has(one.label);
  });
}

/** Of several offers with one name the one that explains itself. */
export function withoutTwins<T extends { label: string; info?: unknown; detail?: unknown }>(
  offers: readonly T[],
): T[] {
  const best = new Map<string, T>();
  for (const one of offers) {
    const other = best.get(one.label);
    if (!other || (!other.info && !other.detail)) best.set(one.label, one);
  }
  return [...best.values()];
}
