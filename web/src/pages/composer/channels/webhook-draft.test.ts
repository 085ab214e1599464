// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { setOut } from "../../../preview/json";
import { bodyOf, pick, request } from "./webhook-draft";

test("a call reads as it goes out, with the headers that tell a repeat", () => {
  const ids = "x-cio-delivery-id: (the message's id)\nx-cio-idempotency-key: (the message's id)";
  const message = {
    method: "POST",
    url: "https://x.example/hook",
    headers: [{ name: "Content-Type", value: "application/json" }],
    body: '{"a":1}',
  };
  expect(request(message)).toBe(
    `POST https://x.example/hook\nContent-Type: application/json\n${ids}\n\n{\n  "a": 1\n}`,
  );
  expect(request({ method: "get", url: null })).toBe(`GET (no URL)\n${ids}`);
});

test("what is no JSON stays as it is", () => {
  expect(setOut("{a}")).toBe("{a}");
});

test("only its own fields are edited, and headers without a name are not sent", () => {
  expect(pick({ url: "u", subject: "s", method: "post", conversion_tracking: true })).toEqual({
    url: "u",
    method: "post",
    conversion_tracking: true,
  });
  expect(bodyOf({ headers: [{ name: "", value: "x" }] })).toEqual({ headers: [] });
});
