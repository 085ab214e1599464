// SPDX-License-Identifier: Apache-2.0
// How a message looks where it arrives, by the kind of its action.
import type { ComponentType } from "preact";
import { InApp } from "./in-app";
import { Inbox } from "./inbox-item";
import type { LookalikeProps } from "./lookalike";
import { Push } from "./push-screens";
import { Slack } from "./slack";
import { Sms } from "./sms";
import { WhatsApp } from "./whatsapp";

export type Switch = "phone" | "dark" | "images";

export interface Lookalike {
  Shown: ComponentType<LookalikeProps>;
  /** What can be chosen of it. */
  switches: readonly Switch[];
  /** Texts that are seen in it; the others are told below. */
  seen: readonly string[];
}

export const LOOKALIKES: Readonly<Record<string, Lookalike>> = {
  sms: { Shown: Sms, switches: ["dark", "images"], seen: ["body", "image_url"] },
  push: {
    Shown: Push,
    switches: ["dark", "images"],
    seen: ["title", "message", "image_url", "custom_payload"],
  },
  whatsapp: { Shown: WhatsApp, switches: ["dark"], seen: ["body"] },
  in_app: { Shown: InApp, switches: ["phone", "images"], seen: ["title", "body", "position"] },
  inbox_message: { Shown: Inbox, switches: ["dark"], seen: ["type", "topic", "properties"] },
  slack: { Shown: Slack, switches: ["dark"], seen: ["body", "blocks", "username"] },
};
