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

export const LOOKALIKES: Readonly<Record<string, ComponentType<LookalikeProps>>> = {
  sms: Sms,
  push: Push,
  whatsapp: WhatsApp,
  in_app: InApp,
  inbox_message: Inbox,
  slack: Slack,
};
