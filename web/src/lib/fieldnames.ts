// SPDX-License-Identifier: Apache-2.0
// What fields of the API are called in the page, and what the server says of one, beside its name. Without a DOM.

const NAMES: Readonly<Record<string, string>> = {
  name: "Name",
  recipients: "Recipients",
  goal: "Goal",
  exit_when: "Exit",
  topic_id: "Subscription topic",
  topic: "Subscription topic",
  tags: "Tags",
  language_attribute: "Attribute with the language",
  language: "Attribute with the language",
  doubt_policy: "When nobody knows whether a message arrived",
  doubt: "When nobody knows whether a message arrived",
  ignores_message_limit: "Sent whatever the message limit says",
  beyond: "Sent whatever the message limit says",
  actions: "Order of the messages",
  sending_state: "When it is triggered",
  condition: "Only for people who match",
  send_to_unsubscribed: "Sent to whoever unsubscribed, too",
  subject: "Subject",
  preheader: "Preheader",
  body: "Body",
  plain: "Plain text",
  from: "From",
  from_id: "Sender identity",
  reply_to: "Reply-to",
  reply_to_id: "Reply-to identity",
  recipient: "To",
  cc: "Cc",
  bcc: "Bcc",
  headers: "Headers",
  tracked: "Links and opens are tracked",
  inline_css: "Styles are inlined",
  fake_bcc: "Bcc gets messages of its own",
  url_parameters: "URL parameters",
  layout_id: "Layout",
  url: "URL",
  method: "Method",
  conversion_tracking: "Whoever was called may convert",
  amp: "AMP part",
  attachments: "Attachments",
  attributes: "Attributes",
  whom: "Who is updated",
  identifier: "Who that is",
  event_name: "Name of the event",
  event_data: "Data of the event",
  segment_id: "Segment",
  change: "Into the segment, or out of it",
  kind: "Channel",
  layout: "Layout",
  title: "Title",
  message: "Message",
  image_url: "Picture",
  link: "Link",
  to: "To",
  sound: "Sound",
  badge: "Badge",
  custom_data: "Data for the app",
  custom_payload: "Payload of your own",
  position: "Where it is shown",
  element_id: "The element's id",
  page_rule: "Only on pages",
  persistent: "Until when",
  priority: "Priority",
  expires_days: "Days until it expires",
  type: "Type",
  properties: "Properties",
  blocks: "Blocks",
  username: "Name",
  icon: "Icon",
};

/** Of channels that call a field otherwise. */
const OF_KIND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sms: { body: "Text" },
  slack: { body: "Text" },
  inbox_message: { topic: "Topic" },
  whatsapp: { body: "Template" },
};

/** As it stands above its input; one without a name of its own is shown as `raw`. */
export function fieldName(field: string, raw = field, kind = ""): string {
  return OF_KIND[kind]?.[field] ?? NAMES[field] ?? raw.replaceAll(/[_/]/g, " ");
}

/** What a JSON pointer leads to: the field itself, or the one whose member it is. */
export function pointerWords(pointer: string): string {
  const path = pointer.split("/").filter(Boolean);
  const at = path.findLastIndex((one) => !/^\d+$/.test(one));
  const words = fieldName(path[at] ?? pointer);
  const no = path[at + 1];
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${no === undefined ? "" : ` ${Number(no) + 1}`}`;
}

/** Inside a sentence; abbreviations stay. */
export function lowered(words: string): string {
  return /^[A-Z][A-Z]/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1);
}

/** What is wrong with a field, where its name stands beside it: "url can not be blank" without "url". */
export function withoutName(message: string, field: string): string {
  const path = field.split("/").filter(Boolean);
  const names = [path.join("."), path.at(-1) ?? ""].filter(Boolean);
  for (const lead of names.flatMap((name) => [`${name}: `, `${name} `]))
    if (message.startsWith(lead)) return message.slice(lead.length);
  return message;
}
