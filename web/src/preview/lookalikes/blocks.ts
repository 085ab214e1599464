// SPDX-License-Identifier: Apache-2.0
// Slack's Block Kit, read as far as it can be shown. Without a DOM.
// https://docs.slack.dev/reference/block-kit/blocks
import { emoji, type Inline, type Paragraph, paragraphs } from "./mrkdwn";

export interface Control {
  /** A button, or something that opens a choice. */
  kind: "button" | "choice" | "picture";
  text: string;
  /** Of a picture: where it is. */
  from?: string;
  tone: "plain" | "primary" | "danger";
}

export type Block =
  | { kind: "header"; text: string }
  | { kind: "section"; text: Paragraph[]; fields: Paragraph[][]; side: Control | null }
  | { kind: "divider" }
  | { kind: "picture"; title: string; alt: string; from: string }
  | { kind: "context"; pieces: (Paragraph[] | Control)[] }
  | { kind: "actions"; controls: Control[] }
  | { kind: "rich"; paragraphs: Paragraph[] }
  | { kind: "unknown"; type: string };

type Loose = Readonly<Record<string, unknown>>;

function object(value: unknown): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}
function list(value: unknown): Loose[] {
  return Array.isArray(value) ? value.map(object) : [];
}
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A text object: plain, or with marks. */
function written(value: unknown): Paragraph[] {
  const one = object(value);
  const shown = text(one.text);
  if (!shown) return [];
  return one.type === "mrkdwn"
    ? paragraphs(shown)
    : [{ kind: "paragraph", children: [{ kind: "text", text: named(shown) }] }];
}

/** Plain texts have no marks, but names of picture letters. */
function named(shown: string): string {
  return shown.replace(/:([\w+'-]+):/g, (_, name: string) => emoji(name));
}

function control(value: unknown): Control {
  const one = object(value);
  const type = text(one.type);
  if (type === "image")
    return {
      kind: "picture",
      text: text(one.alt_text) || "Picture",
      from: text(one.image_url),
      tone: "plain",
    };
  const tone = one.style === "primary" || one.style === "danger" ? one.style : "plain";
  if (type === "button") return { kind: "button", text: named(text(object(one.text).text)), tone };
  const label = text(object(one.placeholder).text) || text(one.initial_date) || text(one.initial_time);
  const fallback = type === "overflow" ? "…" : type.replace(/_/g, " ") || "?";
  return { kind: "choice", text: named(label) || fallback, tone: "plain" };
}

function styled(one: Inline, style: Loose): Inline {
  let found = one;
  if (style.code === true && one.kind === "text") found = { kind: "code", text: one.text };
  for (const kind of ["bold", "italic", "strike"] as const)
    if (style[kind] === true) found = { kind, children: [found] };
  return found;
}

/** What stands in a line of rich text. */
function rich(elements: unknown): Inline[] {
  return list(elements).flatMap((one): Inline[] => {
    const style = object(one.style);
    const shown = text(one.text);
    switch (one.type) {
      case "text":
        return shown.split("\n").flatMap((line, no): Inline[] => {
          const piece = styled({ kind: "text", text: line }, style);
          return no === 0 ? [piece] : [{ kind: "break" }, piece];
        });
      case "link":
        return [styled({ kind: "link", href: text(one.url), text: shown || text(one.url) }, style)];
      case "emoji":
        return [{ kind: "text", text: emoji(text(one.name)) }];
      case "user":
        return [{ kind: "mention", text: `@${text(one.user_id)}` }];
      case "usergroup":
        return [{ kind: "mention", text: `@${text(one.usergroup_id)}` }];
      case "channel":
        return [{ kind: "mention", text: `#${text(one.channel_id)}` }];
      case "broadcast":
        return [{ kind: "mention", text: `@${text(one.range)}` }];
      case "date":
        return [{ kind: "text", text: text(one.fallback) || "(a date)" }];
      default:
        return [];
    }
  });
}

function plainOf(pieces: Inline[]): string {
  return pieces
    .map((one) => {
      if (one.kind === "break") return "\n";
      return "children" in one ? plainOf(one.children) : one.text;
    })
    .join("");
}

function richParts(elements: unknown): Paragraph[] {
  return list(elements).flatMap((one): Paragraph[] => {
    switch (one.type) {
      case "rich_text_section":
        return [{ kind: "paragraph", children: rich(one.elements) }];
      case "rich_text_quote":
        return [{ kind: "quote", children: rich(one.elements) }];
      case "rich_text_preformatted":
        return [{ kind: "pre", text: plainOf(rich(one.elements)) }];
      case "rich_text_list": {
        const items = list(one.elements).map((item) => rich(item.elements));
        return [{ kind: "list", ordered: one.style === "ordered", items }];
      }
      default:
        return [];
    }
  });
}

function block(one: Loose): Block {
  switch (one.type) {
    case "header":
      return { kind: "header", text: named(text(object(one.text).text)) };
    case "divider":
      return { kind: "divider" };
    case "section":
      return {
        kind: "section",
        text: written(one.text),
        fields: list(one.fields).map(written),
        side: one.accessory === undefined ? null : control(one.accessory),
      };
    case "image":
      return {
        kind: "picture",
        title: named(text(object(one.title).text)),
        alt: text(one.alt_text) || "Picture",
        from: text(one.image_url),
      };
    case "context":
      return {
        kind: "context",
        pieces: list(one.elements).map((each) => (each.type === "image" ? control(each) : written(each))),
      };
    case "actions":
      return { kind: "actions", controls: list(one.elements).map(control) };
    case "rich_text":
      return { kind: "rich", paragraphs: richParts(one.elements) };
    case "markdown":
      return { kind: "rich", paragraphs: paragraphs(text(one.text)) };
    default:
      return { kind: "unknown", type: text(one.type) || "of no type" };
  }
}

/** The blocks of a message; null where there are none, or they cannot be read. */
export function blocksOf(json: string): Block[] | null {
  try {
    const found: unknown = JSON.parse(json);
    return Array.isArray(found) && found.length > 0 ? list(found).map(block) : null;
  } catch {
    return null;
  }
}
