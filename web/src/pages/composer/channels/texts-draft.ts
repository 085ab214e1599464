// SPDX-License-Identifier: Apache-2.0
// Channels whose messages are a few texts by name: which fields each has, and what a text costs. Without a DOM.
import type { Draft } from "../../../preview/message";

export interface TextField {
  name: string;
  hint?: string;
  /** One line, several, JSON, or one of these words. */
  as: "line" | "text" | "json" | readonly (readonly [string, string])[];
  /** Below the others, where one opens it. */
  rare?: boolean;
}

export interface TextsChannel {
  label: string;
  fields: readonly TextField[];
  /** The part that a recipient reads first, and the one that stands above it. */
  body: string;
  title?: string;
  testHint: string;
  /** Its links may lead through us. */
  links?: boolean;
}

const PHONE = "With the country: +1 555 123 4567. Unless given, each person's attribute phone.";
const TEST_PHONES = "Phone numbers with their country, up to 25, one in a line.";

/** By the `kind` of their actions. */
export const TEXTS: Readonly<Record<string, TextsChannel>> = {
  sms: {
    label: "SMS",
    body: "body",
    links: true,
    testHint: TEST_PHONES,
    fields: [
      { name: "body", as: "text" },
      { name: "image_url", as: "line", hint: "A URL; with it the message is an MMS." },
      { name: "recipient", as: "line", hint: PHONE, rare: true },
      { name: "from", as: "line", hint: "In place of the account's sender.", rare: true },
    ],
  },
  whatsapp: {
    label: "WhatsApp",
    body: "body",
    links: true,
    testHint: TEST_PHONES,
    fields: [
      {
        name: "body",
        as: "json",
        hint: '{"content_sid": "HX…", "variables": {"1": {{ customer.first_name }}}}: what {{ }} shows is put in as JSON.',
      },
      { name: "recipient", as: "line", hint: PHONE, rare: true },
      { name: "from", as: "line", hint: "In place of the account's sender.", rare: true },
    ],
  },
  push: {
    label: "Push",
    title: "title",
    body: "message",
    testHint: "Tokens of devices, up to 25, one in a line.",
    fields: [
      { name: "title", as: "line" },
      { name: "message", as: "text" },
      { name: "image_url", as: "line", hint: "A URL." },
      { name: "link", as: "line", hint: "Where tapping it leads; deep links too." },
      {
        name: "to",
        as: [
          ["all", "All devices of a person"],
          ["last_used", "The one used last"],
        ],
      },
      { name: "sound", as: "line", rare: true },
      { name: "badge", as: "line", hint: "A whole number.", rare: true },
      { name: "custom_data", as: "json", hint: "A JSON object.", rare: true },
      {
        name: "custom_payload",
        as: "json",
        hint: 'In place of the rest: {"ios": {…}, "android": {…}}.',
        rare: true,
      },
    ],
  },
  in_app: {
    label: "In-app",
    title: "title",
    body: "body",
    testHint: "People, each by their cio_id, up to 25, one in a line.",
    fields: [
      { name: "title", as: "line" },
      { name: "body", as: "text", hint: "HTML; it is shown in a frame of its own." },
      {
        name: "position",
        as: [
          ["modal", "Over the page"],
          ["top", "At the top"],
          ["bottom", "At the bottom"],
          ["inline", "In an element of the page"],
        ],
      },
      { name: "element_id", as: "line", rare: true },
      { name: "page_rule", as: "line", hint: "* stands for anything.", rare: true },
      {
        name: "persistent",
        as: [
          ["false", "Until it was shown"],
          ["true", "Until it is dismissed"],
        ],
        rare: true,
      },
      {
        name: "priority",
        as: "line",
        hint: "A number from 0: the smallest is shown first. Blank: after those that have one.",
        rare: true,
      },
      { name: "expires_days", as: "line", rare: true },
    ],
  },
  inbox_message: {
    label: "Inbox message",
    title: "type",
    body: "properties",
    testHint: "People, each by their cio_id, up to 25, one in a line.",
    fields: [
      { name: "type", as: "line", hint: "By which the app knows how to show it." },
      { name: "topic", as: "line" },
      { name: "properties", as: "json", hint: "A JSON object, for the app." },
      { name: "expires_days", as: "line", rare: true },
    ],
  },
  slack: {
    label: "Slack",
    title: "username",
    body: "body",
    testHint: "Channels or people's accounts, up to 25, one in a line.",
    fields: [
      {
        name: "body",
        as: "text",
        hint: "Slack's mrkdwn; with blocks, what notifications show.",
      },
      { name: "blocks", as: "json", hint: "A JSON list of Block Kit blocks." },
      {
        name: "recipient",
        as: "line",
        hint: "#channel, or an account. Unless given, each person's attribute slack_id.",
      },
      { name: "username", as: "line", hint: "In place of the app's own.", rare: true },
      { name: "icon", as: "line", hint: ":emoji: or a URL.", rare: true },
    ],
  },
};

const SETTINGS = ["name", "sending_state", "send_to_unsubscribed", "topic_id"];

/** What of an action is edited; in another language than the default only its texts. */
export function pickOf(channel: TextsChannel, stored: Draft, language: string): Draft {
  const names = [...channel.fields.map((field) => field.name), ...(channel.links ? ["tracked"] : [])];
  const wanted = language ? names : [...SETTINGS, ...names];
  return Object.fromEntries(wanted.filter((name) => name in stored).map((name) => [name, stored[name]]));
}
