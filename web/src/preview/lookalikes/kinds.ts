// SPDX-License-Identifier: Apache-2.0
// What can be chosen of each channel's look-alike, and what is seen in it. Without what draws them.

export type Switch = "phone" | "dark" | "images";

export interface Kind {
  switches: readonly Switch[];
  /** Texts that are seen in it; the others are told below. */
  seen: readonly string[];
}

/** By the kind of an action. */
export const KINDS: Readonly<Record<string, Kind>> = {
  sms: { switches: ["dark", "images"], seen: ["body", "image_url"] },
  push: { switches: ["dark", "images"], seen: ["title", "message", "image_url", "custom_payload"] },
  whatsapp: { switches: ["dark"], seen: ["body"] },
  in_app: { switches: ["phone", "images"], seen: ["title", "body", "position"] },
  inbox_message: { switches: ["dark", "images"], seen: ["type", "topic", "properties"] },
  slack: { switches: ["dark", "images"], seen: ["body", "blocks", "username"] },
};
