// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  addressesOf,
  diagnosticsOf,
  type Fault,
  keepGood,
  outcomeWords,
  type PreviewAnswer,
  placeWords,
} from "./message";

const fault = (field: string, line: number | null = 1): Fault => ({
  field,
  message: "Unknown tag 'x'",
  line,
  column: 1,
  from: 0,
  to: 3,
});

const answer = (more: Partial<PreviewAnswer>): PreviewAnswer => ({
  preview_id: "a",
  url: "/preview/a",
  person: null,
  language: "",
  outcome: { state: "sent", reason: null },
  message: { subject: "Hi", html: "<p>Hi</p>" },
  errors: [],
  warnings: [],
  names: [],
  wanted: {},
  ...more,
});

describe("the preview", () => {
  test("keeps the last good rendering of what fails now", () => {
    const good = keepGood(null, answer({}));
    expect(good.stale).toEqual([]);
    const broken = keepGood(
      good,
      answer({ url: null, preview_id: null, message: { subject: "New", html: null } }),
    );
    expect(broken).toMatchObject({
      message: { subject: "New", html: "<p>Hi</p>" },
      url: "/preview/a",
      stale: ["html"],
    });
    const nothing = keepGood(broken, answer({ url: null, message: null }));
    expect(nothing).toMatchObject({ url: "/preview/a", stale: ["subject", "html"] });
    expect(keepGood(nothing, answer({ url: "/preview/b" }))).toMatchObject({ url: "/preview/b", stale: [] });
  });
  test("a body that was emptied is not stale", () => {
    const good = keepGood(null, answer({}));
    expect(keepGood(good, answer({ url: null, message: { subject: "Hi", html: "" } })).url).toBeNull();
  });
  test("tells each editor what is its own", () => {
    const found = answer({ errors: [fault("subject"), fault("body")], warnings: [fault("body")] });
    expect(diagnosticsOf(found, "body").map((one) => one.severity)).toEqual(["error", "warning"]);
    expect(diagnosticsOf(undefined, "body")).toEqual([]);
  });
  test("says where, and what would become of it", () => {
    expect(placeWords(fault("body", 3))).toBe("Body, line 3");
    expect(placeWords(fault("headers/X-A", null))).toBe("Header X-A");
    expect(placeWords(fault("snippets/foot", 2))).toBe("Snippet foot, line 2");
    expect(outcomeWords(answer({}))).toBeNull();
    const lacking = answer({ outcome: { state: "skipped", reason: "no_address" } });
    expect(outcomeWords(lacking, "sms")).toBe("has no phone number and would not get this");
    expect(outcomeWords(lacking)).toContain("no address");
    expect(outcomeWords(answer({ outcome: { state: "skipped", reason: "unsubscribed" } }))).toContain(
      "unsubscribed",
    );
  });
});

test("addresses may be typed in any way", () => {
  expect(addressesOf(" a@x.example, b@x.example;\n a@x.example ")).toEqual(["a@x.example", "b@x.example"]);
});
