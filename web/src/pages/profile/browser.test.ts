// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { browserName } from "./browser";

const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)";

test.each([
  [`${MAC} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`, "Edge on Mac"],
  [`${MAC} Version/18.0 Safari/605.1.15`, "Safari on Mac"],
  ["Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"],
  [
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/156.0.0.0 Mobile Safari/537.36",
    "Chrome on Android",
  ],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"],
  ["curl/8.0", "curl/8.0"],
  ["", "unknown"],
])("%s", (agent, name) => {
  expect(browserName(agent)).toBe(name);
});
