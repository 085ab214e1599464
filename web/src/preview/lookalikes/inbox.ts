// SPDX-License-Identifier: Apache-2.0
// What most apps show of an inbox message: it has properties by whatever names, so the usual ones are looked for.

export interface InboxItem {
  title: string;
  text: string;
  /** Where tapping it leads. */
  link: string;
  /** Where it is; "" for none. */
  picture: string;
  /** Properties that are not shown, for the app to use. */
  others: readonly string[];
}

const TITLES = ["title", "subject", "heading", "headline"];
const TEXTS = ["body", "message", "text", "description", "content"];
const LINKS = ["link", "url", "action_url", "deep_link"];
const PICTURES = ["image", "image_url", "imageUrl", "icon", "thumbnail"];

/** The item of an inbox; null where the properties cannot be read. */
export function inboxItemOf(json: string): InboxItem | null {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) return null;
  const properties = read as Readonly<Record<string, unknown>>;
  const used = new Set<string>();
  const first = (names: readonly string[]) => {
    const name = names.find((one) => typeof properties[one] === "string" && properties[one] !== "");
    if (name === undefined) return "";
    used.add(name);
    return properties[name] as string;
  };
  const item = { title: first(TITLES), text: first(TEXTS), link: first(LINKS) };
  const picture = first(PICTURES);
  return { ...item, picture, others: Object.keys(properties).filter((name) => !used.has(name)) };
}
