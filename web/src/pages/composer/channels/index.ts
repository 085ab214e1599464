// SPDX-License-Identifier: Apache-2.0
// Every channel that can be composed, by the `kind` of its actions. A further one is one module and one line.
import type { Channel } from "./channel";
import { EMAIL } from "./email";
import { OF_TEXTS } from "./texts";
import { WEBHOOK } from "./webhook";

export const COMPOSED: Readonly<Record<string, Channel>> = {
  email: EMAIL,
  webhook: WEBHOOK,
  ...OF_TEXTS,
};
