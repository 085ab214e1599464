// SPDX-License-Identifier: Apache-2.0
// Every channel that can be composed, by the `kind` of its actions. A further one is one module and one line.
import { ATTRIBUTE_UPDATE } from "./attribute-update";
import type { Channel } from "./channel";
import { CREATE_EVENT } from "./create-event";
import { EMAIL } from "./email";
import { SEGMENT_UPDATE } from "./segment-update";
import { OF_TEXTS } from "./texts";
import { WEBHOOK } from "./webhook";

export const COMPOSED: Readonly<Record<string, Channel>> = {
  email: EMAIL,
  webhook: WEBHOOK,
  ...OF_TEXTS,
  attribute_update: ATTRIBUTE_UPDATE,
  create_event: CREATE_EVENT,
  static_seg_update: SEGMENT_UPDATE,
};
