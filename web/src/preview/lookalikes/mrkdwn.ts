// SPDX-License-Identifier: Apache-2.0
// Formatted text as Slack and WhatsApp write it, read into pieces. Without a DOM.
// Slack: https://docs.slack.dev/messaging/formatting-message-text

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "bold" | "italic" | "strike"; children: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "link"; href: string; text: string }
  | { kind: "mention"; text: string }
  | { kind: "break" };

export type Paragraph =
  | { kind: "paragraph" | "quote"; children: Inline[] }
  | { kind: "pre"; text: string }
  | { kind: "list"; ordered: boolean; items: Inline[][] };

export type Dialect = "slack" | "whatsapp";

const MARKS = { "*": "bold", _: "italic", "~": "strike" } as const;
type Mark = keyof typeof MARKS;
const URL_ALONE = /^https?:\/\/[^\s<>|*]+[^\s<>|*.,;:!?'")\]]/;
const EMOJI: Readonly<Record<string, string>> = {
  "+1": "👍",
  "-1": "👎",
  bell: "🔔",
  bus: "🚌",
  calendar: "📆",
  clap: "👏",
  eyes: "👀",
  fire: "🔥",
  gift: "🎁",
  heart: "❤️",
  hourglass: "⌛",
  information_source: "ℹ️",
  mega: "📣",
  memo: "📝",
  moon: "🌔",
  party_popper: "🎉",
  point_right: "👉",
  pray: "🙏",
  raised_hands: "🙌",
  red_circle: "🔴",
  rocket: "🚀",
  rotating_light: "🚨",
  smile: "😄",
  sparkles: "✨",
  star: "⭐",
  sunny: "☀️",
  tada: "🎉",
  thumbsdown: "👎",
  thumbsup: "👍",
  warning: "⚠️",
  wave: "👋",
  white_check_mark: "✅",
  x: "❌",
  zap: "⚡",
};

/** A picture letter by its name; a name that is not known here stays as it is written. */
export function emoji(name: string): string {
  return EMOJI[name] ?? `:${name}:`;
}

function unescaped(text: string): string {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** Where a link may lead from a preview; null: nowhere. */
export function safeHref(href: string): string | null {
  return /^(https?:\/\/|mailto:|tel:)/i.test(href) ? href : null;
}

function angled(inside: string): Inline {
  const [target = "", label = ""] = inside.split("|", 2);
  const shown = unescaped(label);
  if (target.startsWith("@")) return { kind: "mention", text: `@${shown || target.slice(1)}` };
  if (target.startsWith("#")) return { kind: "mention", text: `#${shown || target.slice(1)}` };
  if (target.startsWith("!subteam^")) return { kind: "mention", text: shown || "@group" };
  if (target.startsWith("!date^")) return { kind: "text", text: shown || "(a date)" };
  if (target.startsWith("!")) return { kind: "mention", text: `@${target.slice(1)}` };
  const href = unescaped(target);
  return { kind: "link", href, text: shown || href.replace(/^(mailto|tel):/, "") };
}

const isWord = (letter: string | undefined) => letter !== undefined && /[\p{L}\p{N}]/u.test(letter);

/** Where what a mark opened at `at` is closed; -1: nowhere, so that the mark is a letter like others. */
function closing(text: string, at: number, mark: string): number {
  const next = text[at + 1];
  if (isWord(text[at - 1]) || next === undefined || next === mark || /\s/.test(next)) return -1;
  for (let end = text.indexOf(mark, at + 2); end !== -1; end = text.indexOf(mark, end + 1)) {
    if (text.slice(at, end).includes("\n")) return -1;
    if (!/\s/.test(text[end - 1] ?? "") && !isWord(text[end + 1])) return end;
  }
  return -1;
}

/** One text, with its line ends. */
export function inline(text: string, dialect: Dialect = "slack"): Inline[] {
  const found: Inline[] = [];
  let plain = "";
  const settle = () => {
    if (plain) found.push({ kind: "text", text: dialect === "slack" ? unescaped(plain) : plain });
    plain = "";
  };
  const take = (one: Inline) => {
    settle();
    found.push(one);
  };
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const letter = text[at] as string;
    const link = !isWord(text[at - 1]) && URL_ALONE.exec(rest);
    const angle = dialect === "slack" && /^<([^<>\n]+)>/.exec(rest);
    const named = dialect === "slack" && /^:([\w+'-]+):/.exec(rest);
    const code = /^`([^`\n]+)`/.exec(rest);
    const end = letter in MARKS ? closing(text, at, letter) : -1;
    let size = 1;
    if (letter === "\n") take({ kind: "break" });
    else if (link) {
      take({ kind: "link", href: unescaped(link[0]), text: unescaped(link[0]) });
      size = link[0].length;
    } else if (angle) {
      take(angled(angle[1] as string));
      size = angle[0].length;
    } else if (code) {
      take({ kind: "code", text: dialect === "slack" ? unescaped(code[1] as string) : (code[1] as string) });
      size = code[0].length;
    } else if (end !== -1) {
      take({ kind: MARKS[letter as Mark], children: inline(text.slice(at + 1, end), dialect) });
      size = end + 1 - at;
    } else if (named && emoji(named[1] as string) !== named[0]) {
      plain += emoji(named[1] as string);
      size = named[0].length;
    } else plain += letter;
    at += size;
  }
  settle();
  return found;
}

function lined(text: string, dialect: Dialect): Paragraph[] {
  const found: Paragraph[] = [];
  let lines: string[] = [];
  let kind: "paragraph" | "quote" | "bullets" | "numbers" = "paragraph";
  const settle = () => {
    if (lines.length === 0) return;
    if (kind === "bullets" || kind === "numbers")
      found.push({
        kind: "list",
        ordered: kind === "numbers",
        items: lines.map((line) => inline(line, dialect)),
      });
    else found.push({ kind, children: inline(lines.join("\n"), dialect) });
    lines = [];
  };
  for (const line of text.split("\n")) {
    const quoted = /^(?:>|&gt;) ?(.*)$/.exec(line);
    const listed = dialect === "whatsapp" ? /^(?:[-*]|(\d+)\.) (.+)$/.exec(line) : null;
    const next = quoted ? "quote" : listed ? (listed[1] ? "numbers" : "bullets") : "paragraph";
    if (next !== kind) settle();
    kind = next;
    lines.push((quoted ? quoted[1] : listed ? listed[2] : line) ?? "");
  }
  settle();
  return found;
}

/** A whole message: quotes, blocks of code, lists (WhatsApp), and the text between them. */
export function paragraphs(text: string, dialect: Dialect = "slack"): Paragraph[] {
  return text.split(/```\n?/).flatMap((piece, no, all): Paragraph[] => {
    const closed = no % 2 === 1 && no < all.length - 1;
    if (closed) return [{ kind: "pre", text: dialect === "slack" ? unescaped(piece) : piece }];
    const between = no % 2 === 1 ? `\`\`\`${piece}` : piece;
    const trimmed = no === 0 ? between : between.replace(/^\n/, "");
    return trimmed ? lined(trimmed.replace(no < all.length - 1 ? /\n$/ : /$^/, ""), dialect) : [];
  });
}
