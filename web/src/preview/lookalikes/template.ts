// SPDX-License-Identifier: Apache-2.0
// A WhatsApp template with its variables filled. Without a DOM.
// https://www.twilio.com/docs/content/content-types-overview

export interface TemplateButton {
  text: string;
  kind: "reply" | "url" | "phone" | "other";
}

/** What a template shows. `media`: a picture, a film or a file stands above the text. */
export interface Template {
  header: string;
  body: string;
  footer: string;
  media: boolean;
  buttons: TemplateButton[];
}

export interface Filled {
  template: Template;
  /** Places for which the message brings nothing, and variables that the template has no place for. */
  missing: string[];
  unused: string[];
}

type Loose = Readonly<Record<string, unknown>>;

function object(value: unknown): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const KINDS: Readonly<Record<string, TemplateButton["kind"]>> = {
  QUICK_REPLY: "reply",
  URL: "url",
  PHONE_NUMBER: "phone",
};

function buttonsOf(type: string, value: unknown): TemplateButton[] {
  const replies = type.endsWith("/quick-reply");
  return (Array.isArray(value) ? value : []).map((each) => {
    const one = object(each);
    return {
      text: text(one.title) || "(no text)",
      kind: replies ? "reply" : (KINDS[text(one.type).toUpperCase()] ?? "other"),
    };
  });
}

/** A template as somebody has it: its text alone, or what Twilio's Content API tells of it. */
export function templateOf(written: string): Template {
  let read: unknown;
  try {
    read = JSON.parse(written);
  } catch {
    read = undefined;
  }
  const content = object(read);
  const types = object("types" in content ? content.types : content);
  const [type, of] = Object.entries(types).find(([name]) => name.includes("/")) ?? [];
  if (type === undefined) return { header: "", body: written, footer: "", media: false, buttons: [] };
  const one = object(of);
  const card = type === "twilio/card";
  return {
    header: text(card ? one.title : one.header_text),
    body: text(one.body),
    footer: text(card ? one.subtitle : one.footer),
    media: Array.isArray(one.media) ? one.media.length > 0 : text(one.media) !== "",
    buttons: buttonsOf(type, one.actions),
  };
}

/** A template with its variables in place of `{{1}}` or `{{name}}`; a place without one stays as it is. */
export function filled(template: Template, variables: Readonly<Record<string, string>>): Filled {
  const met = new Set<string>();
  const missing = new Set<string>();
  const fill = (words: string) =>
    words.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (place, name: string) => {
      const value = variables[name];
      if (value === undefined) missing.add(name);
      else met.add(name);
      return value ?? place;
    });
  return {
    template: {
      ...template,
      header: fill(template.header),
      body: fill(template.body),
      footer: fill(template.footer),
      buttons: template.buttons.map((one) => ({ ...one, text: fill(one.text) })),
    },
    missing: [...missing],
    unused: Object.keys(variables).filter((name) => !met.has(name)),
  };
}

export interface Sent {
  sid: string;
  variables: Record<string, string>;
}

/** What a message of a template says: which one, and what is put into it; null where it cannot be read. */
export function sentOf(body: string): Sent | null {
  try {
    const found = object(JSON.parse(body));
    const variables = Object.entries(object(found.variables)).map(([name, value]) => [name, String(value)]);
    return { sid: text(found.content_sid), variables: Object.fromEntries(variables) };
  } catch {
    return null;
  }
}
